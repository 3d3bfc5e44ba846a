namespace Sere.Cli;

/// <summary>The <c>sere</c> command.</summary>
public static class Program
{
    public static int Main(string[] args) =>
        new CommandLineApplication(Terminal.OfProcess(), Interruption.OfProcess()).Run(args);
}
