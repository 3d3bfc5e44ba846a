using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using Xunit;

namespace Sere.Tests.Architecture;

/// <summary>
/// The folders of the library's two assemblies are rooms, and imports between them run one way. Shown to fail with a field of type
/// <c>Sere.Models.ElboTerms</c> in <c>Sere.Networks.Mlp</c>, and with a call of <c>Sere.Training.KlAnnealing</c> inside a
/// lambda of <c>Sere.Evaluation.IndependentPixels</c>.
/// </summary>
public sealed class RoomTests
{
    private const string Root = "Sere";

    /// <summary>
    /// Which rooms each room may import. What stands in the root namespace, the exceptions, is open to all.
    /// </summary>
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Numerics"] = [],
        ["Distributed"] = [],
        ["Kernels"] = ["Numerics"],
        ["Networks"] = ["Numerics", "Kernels"],
        ["Bijectors"] = ["Numerics", "Kernels", "Networks"],
        ["Distributions"] = ["Numerics", "Kernels", "Networks", "Bijectors"],
        ["Partitions"] = ["Numerics", "Kernels", "Networks", "Bijectors", "Distributions"],
        ["Hierarchies"] = ["Numerics", "Kernels", "Networks", "Bijectors", "Distributions", "Partitions"],
        ["Likelihoods"] = ["Numerics", "Kernels", "Networks", "Bijectors", "Distributions", "Partitions"],
        ["Storage"] = ["Numerics"],
        ["Data"] = ["Numerics", "Storage"],
        ["Models"] =
        [
            "Numerics", "Kernels", "Networks", "Bijectors", "Distributions", "Partitions", "Hierarchies", "Likelihoods", "Data",
        ],
        ["Training"] =
        [
            "Numerics", "Kernels", "Networks", "Bijectors", "Distributions", "Partitions", "Hierarchies", "Likelihoods", "Data",
            "Models", "Distributed",
        ],
        ["Evaluation"] =
        [
            "Numerics", "Kernels", "Networks", "Bijectors", "Distributions", "Partitions", "Hierarchies", "Likelihoods", "Data",
            "Models", "Distributed",
        ],
        ["Performance"] =
        [
            "Numerics", "Kernels", "Networks", "Bijectors", "Distributions", "Partitions", "Hierarchies", "Likelihoods", "Data",
            "Models", "Training", "Evaluation", "Runs", "Distributed",
        ],
        ["Runs"] =
        [
            "Numerics", "Kernels", "Networks", "Bijectors", "Distributions", "Partitions", "Hierarchies", "Likelihoods", "Data",
            "Models", "Storage", "Training", "Evaluation", "Distributed",
        ],
    };

    /// <summary>The rooms of the assembly Sere.Runs, of which Data has its images in memory in the core.</summary>
    private static readonly string[] OfRuns = ["Data", "Performance", "Runs", "Storage"];

    private static readonly Lazy<(string From, string To, string Types)[]> Imports = new(FindImports);

    public static TheoryData<string> Rooms => [.. Allowed.Keys];

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Imports_run_one_way(string room)
    {
        string[] wrong =
        [
            .. Imports.Value
                .Where(import => string.Equals(import.From, room, StringComparison.Ordinal) && !Allowed[room].Contains(import.To))
                .Select(import => import.Types)
                .Distinct(StringComparer.Ordinal),
        ];
        Assert.True(wrong.Length == 0, $"{room} must not import: {string.Join(", ", wrong)}");
    }

    [Fact]
    public void Every_room_is_known() =>
        Assert.Empty(Imports.Value.SelectMany(import => (string[])[import.From, import.To]).Except(Allowed.Keys));

    [Theory]
    [InlineData("Networks", "Numerics")]
    [InlineData("Models", "Data")]
    [InlineData("Training", "Models")]
    [InlineData("Runs", "Storage")]
    public void Imports_that_are_there_are_seen(string from, string to) =>
        Assert.Contains((from, to), Imports.Value.Select(import => (import.From, import.To)));

    [Fact]
    public void Each_room_stands_in_its_assembly()
    {
        Assert.Equal(Allowed.Keys.Except(OfRuns).Append("Data").Order(StringComparer.Ordinal), RoomsOf(LibraryAssemblies.Core.GetTypes()));
        Assert.Equal(OfRuns, RoomsOf(LibraryAssemblies.Runs.GetTypes()));
    }

    private static string[] RoomsOf(IEnumerable<System.Type> types) =>
    [
        .. types.Select(type => Room(type.Namespace)).OfType<string>().Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal),
    ];

    private static (string From, string To, string Types)[] FindImports()
    {
        var architecture = new ArchLoader().LoadAssemblies([.. LibraryAssemblies.All]).Build();
        return
        [
            .. from type in architecture.Types
               from dependency in type.Dependencies
               from target in dependency.TargetGenericArguments.SelectMany(Types).Append(dependency.Target)
               let @from = Room(type.Namespace?.FullName)
               let to = Room(target.Namespace?.FullName)
               where target is not GenericParameter
                   && @from is not null && to is not null && !string.Equals(@from, to, StringComparison.Ordinal)
               select (@from, to, $"{type.FullName} -> {target.FullName}"),
        ];
    }

    private static IEnumerable<IType> Types(GenericArgument argument) =>
        argument.GenericArguments.SelectMany(Types).Append(argument.Type);

    /// <summary>
    /// The first part of a namespace below the root; null for the root itself, for other libraries, and for a parameter of
    /// a generic type, which has no namespace; that of a generic method has one, which need not be its own.
    /// </summary>
    private static string? Room(string? name) => name?.Split('.') is [Root, var room, ..] ? room : null;
}
