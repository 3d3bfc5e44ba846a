using System.CommandLine;
using System.CommandLine.Help;
using Sere.Cli.Commands;

namespace Sere.Cli;

/// <summary>Builds the commands, runs one, and turns every failure into one sentence and an exit code.</summary>
internal sealed class CommandLineApplication(Terminal terminal, Interruption interruption)
{
    private const int LeastHelpWidth = 40;
    private readonly Option<bool> _verbose = new("--verbose")
    {
        Description = "Show where in the program an error arose.",
        Recursive = true,
    };

    public int Run(string[] args)
    {
        var root = Build();
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0 && parsed.CommandResult.Command is RootCommand && parsed.UnmatchedTokens.Count == 0)
        {
            // No command at all: the help, but not as a result.
            root.Parse("--help").Invoke(new InvocationConfiguration { Output = terminal.Errors });
            return ExitCode.WrongUsage;
        }

        if (CommandLineErrors.First(parsed) is { } wrongUsage)
        {
            return Fail(wrongUsage, ExitCode.WrongUsage);
        }

        try
        {
            return parsed.Invoke(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                Output = terminal.Output,
                Error = terminal.Errors,
            });
        }
        catch (OperationCanceledException error)
        {
            return Fail(error.Message, ExitCode.Interrupted);
        }
        catch (SereException error)
        {
            return Fail(error.Message, error is UsageException ? ExitCode.WrongUsage : ExitCode.Failed, error, parsed);
        }
        catch (Exception error)
        {
            // A fault of the program, not of the user: still one sentence.
            string sentence =
                $"An unexpected {error.GetType().Name} occurred ({FirstLine(error.Message)}); run again with --verbose to see where.";
            return Fail(sentence, ExitCode.Failed, error, parsed);
        }
    }

    private static string FirstLine(string message) => message.Split('\n')[0].TrimEnd('.', '\r');

    private RootCommand Build()
    {
        var root = new RootCommand(
            "Hierarchical latent-variable density models: train them, score images, draw images, reconstruct images.")
        {
            _verbose,
            TrainCommand.Create(terminal, interruption),
            EvaluateCommand.Create(terminal, interruption),
            SampleCommand.Create(terminal),
            ReconstructCommand.Create(terminal),
            CompareCommand.Create(terminal, interruption),
            ScoreCommand.Create(terminal, interruption),
            EncodeCommand.Create(terminal),
            DataCommand.Create(terminal, interruption),
            PresetsCommand.Create(terminal),
            BenchCommand.Create(terminal),
        };
        if (root.Options.OfType<HelpOption>().Single().Action is HelpAction help)
        {
            // In fewer columns there is no room for anything, not even for one column of the help.
            help.MaxWidth = Math.Max(help.MaxWidth, LeastHelpWidth);
        }

        return root;
    }

    private int Fail(string sentence, int exitCode, Exception? error = null, ParseResult? parsed = null)
    {
        if (error is not null && parsed?.GetValue(_verbose) == true)
        {
            terminal.Errors.WriteLine($"error: {error}");
        }
        else
        {
            terminal.Say(exitCode == ExitCode.Interrupted ? sentence : $"error: {sentence}");
        }

        return exitCode;
    }
}
