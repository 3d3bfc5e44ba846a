using System.CommandLine;
using Sere.Runs.Configuration;

namespace Sere.Cli.Commands;

/// <summary><c>sere schema</c>: what a configuration file may hold, for editors that complete and check it.</summary>
internal static class SchemaCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new Command("schema", "Print the JSON schema of configuration files, for editors that complete and check.");
        command.SetAction(_ => terminal.Output.WriteLine(ConfigurationFile.Schema.TrimEnd()));
        return command;
    }
}
