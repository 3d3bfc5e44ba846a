using System.CommandLine;
using Sere.Runs.Configuration;
using Spectre.Console;

namespace Sere.Cli.Commands;

/// <summary><c>sere presets [NAME]</c>: what can be trained, and a preset's configuration as JSON.</summary>
internal static class PresetsCommand
{
    public static Command Create(Terminal terminal)
    {
        var name = new Argument<string?>("NAME")
        {
            Description = "A preset whose configuration to print.",
            HelpName = "NAME",
            Arity = ArgumentArity.ZeroOrOne,
        };
        name.CompletionSources.Add([.. Presets.Names]);
        var command = new Command("presets", "List the presets, or print one as JSON: a start for a --config file.") { name };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(name) is { } chosen)
            {
                terminal.Output.WriteLine(ConfigurationFile.ToJson(Presets.Load(chosen)).TrimEnd());
            }
            else
            {
                List(terminal);
            }
        });
        return command;
    }

    private static void List(Terminal terminal)
    {
        var table = new Table().Border(TableBorder.None).HideHeaders().AddColumn("name").AddColumn("description");
        foreach (string preset in Presets.Names)
        {
            table.AddRow(Markup.Escape(preset), Markup.Escape(Presets.Load(preset).Description));
        }

        terminal.Results.Write(table);
    }
}
