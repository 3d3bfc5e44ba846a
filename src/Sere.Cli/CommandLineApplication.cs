using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Globalization;
using Sere.Cli.Commands;
using Sere.Distributed;
using Sere.Numerics;

namespace Sere.Cli;

/// <summary>Builds the commands, runs one, and turns every failure into one sentence and an exit code.</summary>
internal sealed class CommandLineApplication(Terminal terminal, Interruption interruption)
{
    private const int LeastHelpWidth = 40;

    // Those that several processes share; any other would do the same in each of them.
    private static readonly string[] Shared = ["train", "evaluate", "score", "compare", "bench"];

    // Of several processes, the first one speaks for all.
    private readonly Terminal _terminal = Launcher.Rank > 0 ? terminal.Silent() : terminal;
    private string _failure = "";
    private readonly Option<bool> _verbose = new("--verbose")
    {
        Description = "Show where in the program an error arose.",
        Recursive = true,
    };

    private readonly Option<bool> _distributed = new("--distributed")
    {
        Description = "Share the work with the processes that mpirun, mpiexec or srun started beside this one; done by "
            + "itself where there are several.",
    };

    public int Run(string[] args)
    {
        int exitCode = RunCommand(args);
        if (ProcessGroup.OfProcess.Library is not null)
        {
            ProcessGroup.OfProcess.Leave(exitCode, SayAlone);
        }
        else if (exitCode != ExitCode.Done)
        {
            SayAlone();
        }

        return exitCode;
    }

    private int RunCommand(string[] args)
    {
        if (Completion.WithCursorInLine(args) is not { } line)
        {
            return Fail("[suggest:N] takes the place of the cursor in the line that follows; give a whole number.", ExitCode.WrongUsage);
        }

        var root = Build();
        var parsed = root.Parse(line);
        if (parsed.Errors.Count > 0 && parsed.CommandResult.Command is RootCommand && parsed.UnmatchedTokens.Count == 0)
        {
            // No command at all: the help, but not as a result.
            root.Parse("--help").Invoke(new InvocationConfiguration { Output = _terminal.Errors });
            return ExitCode.WrongUsage;
        }

        // What a shell asks for completion is no command line of its own.
        bool isSuggestion = root.Directives.Any(directive => parsed.GetResult(directive) is not null);
        if (!isSuggestion && CommandLineErrors.First(parsed) is { } wrongUsage)
        {
            return Fail(wrongUsage, ExitCode.WrongUsage);
        }

        try
        {
            Join(parsed);
            return parsed.Invoke(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                Output = _terminal.Output,
                Error = _terminal.Errors,
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
            TrainCommand.Create(_terminal, interruption),
            EvaluateCommand.Create(_terminal, interruption),
            SampleCommand.Create(_terminal),
            ReconstructCommand.Create(_terminal),
            CompareCommand.Create(_terminal, interruption),
            ScoreCommand.Create(_terminal, interruption),
            EncodeCommand.Create(_terminal),
            DataCommand.Create(_terminal, interruption),
            PresetsCommand.Create(_terminal),
            SchemaCommand.Create(_terminal),
            StudioCommand.Create(_terminal, interruption),
            BenchCommand.Create(_terminal),
        };
        foreach (var command in root.Subcommands.Where(IsShared))
        {
            command.Options.Add(_distributed);
        }

        if (root.Options.OfType<HelpOption>().Single().Action is HelpAction help)
        {
            // In fewer columns there is no room for anything, not even for one column of the help.
            help.MaxWidth = Math.Max(help.MaxWidth, LeastHelpWidth);
        }

        return root;
    }

    /// <summary>Joins the processes that a launcher started.</summary>
    private void Join(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        if (IsShared(command) && (parsed.GetValue(_distributed) || Launcher.StartedSeveral))
        {
            ProcessGroup.Join();
        }
        else if (Launcher.StartedSeveral)
        {
            throw new UsageException($"sere {command.Name} is no work that processes share; run it in one process.");
        }
    }

    private static bool IsShared(Command command) => Shared.Contains(command.Name, StringComparer.Ordinal);

    /// <summary>Says what has happened to this process, which is not the first one, and not to all.</summary>
    private void SayAlone()
    {
        if (Launcher.Rank is > 0 and var rank && _failure.Length > 0)
        {
            // The first one may be about to say the same, and to end all.
            Thread.Sleep(TimeSpan.FromSeconds(1));
            terminal.Say($"error: process {rank} of {Launcher.Count}: {_failure}");
        }
    }

    private int Fail(string sentence, int exitCode, Exception? error = null, ParseResult? parsed = null)
    {
        _failure = sentence;
        if (error is not null && parsed?.GetValue(_verbose) == true)
        {
            _terminal.Errors.WriteLine($"error: {error}");
        }
        else
        {
            _terminal.Say(exitCode == ExitCode.Interrupted ? sentence : $"error: {sentence}");
        }

        return exitCode;
    }
}

/// <summary>What a shell asks when it completes a line: <c>[suggest:N]</c> and the line.</summary>
internal static class Completion
{
    private const string Start = "[suggest:";

    /// <summary>
    /// The arguments, with a cursor that is not beyond the end of its line: a shell that counts bytes says more than there are
    /// characters. Null where its place is no number.
    /// </summary>
    public static string[]? WithCursorInLine(string[] args)
    {
        if (args is not [var directive, ..] || !directive.StartsWith(Start, StringComparison.Ordinal) || !directive.EndsWith(']'))
        {
            return args;
        }

        string place = directive[Start.Length..^1];
        int length = args.Length > 1 ? args[^1].Length : 0;
        int cursor = int.TryParse(place, NumberStyles.None, CultureInfo.InvariantCulture, out int given) ? Math.Min(given, length) : length;
        return place.Length > 0 && place.All(char.IsAsciiDigit) ? [$"{Start}{cursor}]", .. args[1..]] : null;
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
