namespace Sere.Cli;

/// <summary>Command lines as a shell takes them.</summary>
internal static class ShellText
{
    public static string OfProcess() =>
        string.Join(' ', ["sere", .. Environment.GetCommandLineArgs().Skip(1).Select(Quote)]);

    public static string Quote(string argument) =>
        argument.Length > 0 && argument.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_=./:,+[]".Contains(letter))
            ? argument
            : $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
