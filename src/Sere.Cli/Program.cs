namespace Sere.Cli;

/// <summary>The <c>sere</c> command.</summary>
public static class Program
{
    /// <summary>Runs the command line and returns its exit code.</summary>
    public static int Main(string[] args) => new CommandLineApplication(Terminal.OfProcess()).Run(args);
}
