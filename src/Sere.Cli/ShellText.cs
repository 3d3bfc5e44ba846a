namespace Sere.Cli;

/// <summary>Command lines as a shell takes them.</summary>
internal static class ShellText
{
    /// <summary>The command line of this process.</summary>
    public static string OfProcess() =>
        string.Join(' ', ["sere", .. Environment.GetCommandLineArgs().Skip(1).Select(Quote)]);

    /// <summary>An argument, in quotes where the shell would take it apart.</summary>
    public static string Quote(string argument) =>
        argument.Length > 0 && argument.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_=./:,+[]".Contains(letter))
            ? argument
            : $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
