using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Sere.Cli.Commands;
using Sere.Numerics;

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
            StudioCommand.Create(terminal, interruption),
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

/// <summary>Says in one sentence what is wrong with a command line.</summary>
internal static class CommandLineErrors
{
    /// <summary>The first error, or null where there is none.</summary>
    public static string? First(ParseResult parsed)
    {
        string command = FullName(parsed.CommandResult.Command);
        string? sentence = parsed.UnmatchedTokens.Count > 0 ? Unknown(parsed, command)
            : parsed.Errors.Count > 0 ? Refused(parsed, command)
            : Empty(parsed);
        return sentence is null ? null : $"{sentence}; see {command} --help.";
    }

    private static string Unknown(ParseResult parsed, string command)
    {
        string token = parsed.UnmatchedTokens[0].Split('=')[0];
        bool isOption = token.StartsWith('-');
        string[] known = isOption
            ? [.. Options(parsed.CommandResult.Command)]
            : [.. parsed.CommandResult.Command.Subcommands.Select(subcommand => subcommand.Name)];
        string suggestion = NearestName.Find(token, known) is { } nearest ? $" (did you mean '{nearest}'?)" : "";
        return isOption ? $"{command} has no option '{token}'{suggestion}"
            : known.Length > 0 ? $"There is no command '{token}'{suggestion}"
            : $"{command} cannot do anything with '{token}'";
    }

    private static IEnumerable<string> Options(Command command) =>
        command.Options.Select(option => option.Name).Concat(
            Ancestors(command).SelectMany(ancestor => ancestor.Options)
                .Where(option => option.Recursive)
                .Select(option => option.Name));

    private static IEnumerable<Command> Ancestors(Command command) =>
        command.Parents.OfType<Command>().SelectMany(parent => Ancestors(parent).Append(parent));

    private static string Refused(ParseResult parsed, string command)
    {
        ParseError error = parsed.Errors[0];
        return error.SymbolResult is OptionResult { Tokens: [var token], Option: var option } && Values(option) is { } values
            ? $"{option.Name} takes {values}, not '{token.Value}'"
            : parsed.CommandResult.Command.Subcommands is { Count: > 0 } subcommands
            ? $"{command} needs one of its commands: {string.Join(", ", subcommands.Select(subcommand => subcommand.Name))}"
            : error.Message.Split('\n')[0].TrimEnd('.', '\r');
    }

    private static string? Values(Option option)
    {
        if (option.HelpName is { } names && names.Contains('|', StringComparison.Ordinal))
        {
            return string.Join(" or ", names.Split('|'));
        }

        var type = Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType;
        return type == typeof(int) ? $"a whole number up to {int.MaxValue}"
            : type == typeof(long) ? $"a whole number up to {long.MaxValue}"
            : type == typeof(double) ? "a number"
            : null;
    }

    private static string? Empty(ParseResult parsed)
    {
        foreach (var part in parsed.CommandResult.Children.Where(part => part.Tokens.Any(token => token.Value.Length == 0)))
        {
            // An unset variable behind --data-dir counts as no option, as an empty SERE_DATA does.
            string? name = part switch
            {
                ArgumentResult argument => argument.Argument.Name,
                OptionResult { Option.Name: not "--data-dir" } option => option.Option.Name,
                _ => null,
            };
            if (name is not null)
            {
                return $"{name} is empty";
            }
        }

        return null;
    }

    private static string FullName(Command command) =>
        string.Join(' ', ["sere", .. Ancestors(command).Append(command).Skip(1).Select(part => part.Name)]);
}

/// <summary>What the process says to its caller.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int WrongUsage = 2;
    public const int Flagged = 3;
    public const int Interrupted = 130;
}
