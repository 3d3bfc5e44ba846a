using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.InteropServices;
using Sere.Distributions;
using Sere.Numerics;
using Sere.Peers.Novelty;
using Sere.Peers.Reference;
using Sere.Peers.TorchSharp;
using Sere.Tests.Laws;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Numerics;

/// <summary>
/// Nothing in the library, its tests and its peers leaves a native scalar to the finalizer, which may free it while it
/// is read: see <see cref="TensorArithmetic"/>. What makes scalars is found in the instructions of TorchSharp, so that
/// another version of it is judged anew.
/// </summary>
public sealed class NativeScalarTests
{
    private const string Forbidden = "BannedSymbols.txt";
    private static readonly Dictionary<ushort, OpCode> Instructions = typeof(OpCodes).GetFields()
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(instruction => (ushort)instruction.Value);

    private static readonly Type Scalar = Named("Scalar");
    private static readonly Lazy<HashSet<MethodBase>> ScalarMakers = new(FindScalarMakers);

    /// <summary>With C# numbers in the formulas, one round in 90 to 160 failed: 12 to 22 of these.</summary>
    [Fact]
    public void No_scalar_is_freed_while_it_is_in_use()
    {
        using var scope = torch.NewDisposeScope();
        var (x, mean, logScale) = (torch.randn(64, 8), torch.randn(64, 8), torch.randn(64, 8));
        using var stop = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                GC.Collect(0, GCCollectionMode.Forced, blocking: false);
                GC.WaitForPendingFinalizers();
            }
        })
        { IsBackground = true };
        collector.Start();
        int failures = 0;
        for (int round = 0; round < 2000; round++)
        {
            using var inner = torch.NewDisposeScope();
            try
            {
                var normal = new DiagonalNormal(mean, logScale);
                _ = normal.KullbackLeibler(new DiagonalNormal(logScale, mean));
                _ = normal.LogProb(x);
                _ = normal.FromNoise(x, 0.5);
            }
            catch (ExternalException)
            {
                failures++;
            }
        }

        stop.Cancel();
        collector.Join();
        Assert.Equal(0, failures);
    }

    [Fact]
    public void Nothing_calls_what_makes_a_scalar()
    {
        Assembly[] readers =
        [
            .. LibraryAssemblies.All,
            typeof(NativeScalarTests).Assembly,
            typeof(Detectors).Assembly,
            typeof(LayerwiseParameters).Assembly,
            typeof(SelfReflectiveAutoencoder).Assembly,
        ];
        string[] calls =
        [
            .. from method in readers.SelectMany(Methods)
               where !method.DeclaringType!.FullName!.StartsWith(typeof(TensorArithmetic).FullName!, StringComparison.Ordinal)
               from called in Called(method)
               where ScalarMakers.Value.Contains(called)
               select $"{method.DeclaringType}.{method.Name} calls {called}",
        ];
        Assert.Empty(calls);
    }

    [Fact]
    public void What_makes_a_scalar_does_not_compile()
    {
        Type[] banned = [Scalar, Named("ScalarExtensionMethods")];
        Type[] owners = [typeof(torch), typeof(torch.Tensor), typeof(torch.nn.functional), typeof(TensorExtensionMethods)];
        string[] expected =
        [
            .. banned.Select(type => "T:" + type.FullName),
            .. ScalarMakers.Value.Where(method => method.IsPublic && owners.Contains(method.DeclaringType)).Select(Identifier),
        ];
        string[] lines =
        [
            .. File.ReadLines(Path.Combine(RepositoryFolder.Path, Forbidden))
                .Where(line => line.Length > 0 && line[0] != '#')
                .Select(line => line.Split(';')[0]),
        ];
        string missing = string.Join('\n', expected.Except(lines).Order(StringComparer.Ordinal));
        string superfluous = string.Join('\n', lines.Except(expected));
        Assert.True(
            missing.Length + superfluous.Length == 0, $"{Forbidden} lacks:\n{missing}\nand has in excess:\n{superfluous}");
    }

    /// <summary>A type of TorchSharp that may not be written in code.</summary>
    private static Type Named(string name) => typeof(torch).Assembly.GetType("TorchSharp." + name, throwOnError: true)!;

    /// <summary>The constructor of a scalar, what calls it, what calls that, and so on.</summary>
    private static HashSet<MethodBase> FindScalarMakers()
    {
        var callers = Methods(typeof(torch).Assembly)
            .SelectMany(method => Called(method).Select(called => (called, method)))
            .ToLookup(call => call.called, call => call.method);
        var found = Scalar.GetConstructors(Members).ToHashSet<MethodBase>();
        for (var next = new Queue<MethodBase>(found); next.TryDequeue(out var method);)
        {
            foreach (var caller in callers[method].Where(found.Add))
            {
                next.Enqueue(caller);
            }
        }

        Assert.True(found.Count > 300, "Few methods make scalars: have the instructions been read?");
        return found;
    }

    private const BindingFlags Members = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static
        | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static IEnumerable<MethodBase> Methods(Assembly assembly) => assembly.GetTypes()
        .SelectMany(type => type.GetMethods(Members).Concat<MethodBase>(type.GetConstructors(Members)));

    /// <summary>What the instructions of a method call or take the address of; of generic methods their definitions.</summary>
    private static IEnumerable<MethodBase> Called(MethodBase method)
    {
        byte[] code = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        var typeArguments = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null;
        var arguments = method.IsGenericMethod ? method.GetGenericArguments() : null;
        for (int i = 0; i < code.Length;)
        {
            ushort value = code[i++];
            var instruction = Instructions[value == 0xFE ? (ushort)(0xFE00 | code[i++]) : value];
            if (instruction.OperandType == OperandType.InlineMethod)
            {
                var called = method.Module.ResolveMethod(BitConverter.ToInt32(code, i), typeArguments, arguments)!;
                yield return called.DeclaringType is { IsGenericType: true } type
                    ? MethodBase.GetMethodFromHandle(called.MethodHandle, type.GetGenericTypeDefinition().TypeHandle)!
                    : called is MethodInfo { IsGenericMethod: true } generic ? generic.GetGenericMethodDefinition() : called;
            }

            i += instruction.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(code, i)),
                _ => 4,
            };
        }
    }

    /// <summary>A method as documentation and analyzers name it.</summary>
    private static string Identifier(MethodBase method)
    {
        static string Type(Type type) => (type.IsGenericType
            ? $"{type.FullName!.Split('`')[0]}{{{string.Join(',', type.GetGenericArguments().Select(Type))}}}"
            : type.FullName!).Replace('+', '.');
        string parameters = string.Join(',', method.GetParameters().Select(parameter => Type(parameter.ParameterType)));
        string result = method.Name == "op_Explicit" ? "~" + Type(((MethodInfo)method).ReturnType) : "";
        return $"M:{Type(method.DeclaringType!)}.{method.Name}{(parameters.Length > 0 ? $"({parameters})" : "")}{result}";
    }
}
