using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sere;

/// <summary>
/// What a user can choose: a record that is read from JSON, says the ranges of its members in one place
/// (<see cref="InAttribute"/>), and builds what it names. Validation, the tables of keys and the errors read the same
/// attributes.
/// </summary>
public abstract record Choice
{
    /// <summary>The JSON member that says which of several records an object is.</summary>
    internal const string KindMember = "kind";

    /// <summary>How many layers, samples or images of one kind a configuration may ask for.</summary>
    internal const string Count = "[1, 1000000000]";

    private const int LongestShown = 80;

    private static readonly ConcurrentDictionary<Type, (PropertyInfo Property, InAttribute? Range)[]> Members = new();

    /// <summary>What JSON calls a record of several kinds.</summary>
    internal string Kind => (string)Kinds(GetType()).First(kind => kind.DerivedType == GetType()).TypeDiscriminator!;

    /// <summary>What it might be instead, to follow "it must be".</summary>
    internal string OtherKinds
    {
        get
        {
            object?[] others =
            [
                .. Kinds(GetType()).Where(kind => kind.DerivedType != GetType()).Select(kind => kind.TypeDiscriminator),
            ];
            return $"{string.Join(", ", others[..^1])} or {others[^1]}";
        }
    }

    /// <summary>Checks every value, and those of all choices within it.</summary>
    /// <param name="path">Where the record stands in the JSON, such as "model.prior"; empty for the root.</param>
    /// <exception cref="UsageException">
    /// A value is out of its range; the sentence names its path in the JSON, the value and the range.
    /// </exception>
    public void Validate(string path = "") => Check(this, path);

    /// <summary>Checks what several members have to fulfil together, once each is within its range.</summary>
    /// <param name="path">Where the record stands in the JSON.</param>
    internal virtual void CheckTogether(string path)
    {
    }

    /// <summary>The path of a member; the root has the empty path.</summary>
    internal static string Join(string path, string member) => path.Length == 0 ? member : $"{path}.{member}";

    /// <summary>Refuses a value outside its range.</summary>
    /// <param name="allowed">Whether the value is in its range; write it so that not-a-number is not.</param>
    /// <param name="path">Where the value stands in the JSON, such as "model.layers".</param>
    /// <param name="value">The value.</param>
    /// <param name="range">The range, to follow "it must be".</param>
    internal static void Require(bool allowed, string path, object? value, string range)
    {
        if (!allowed)
        {
            throw new UsageException($"{path} is {Show(value)}; it must be {range}.");
        }
    }

    /// <summary>Refuses a name that cannot be that of a folder everywhere.</summary>
    internal static void RequireFolderName(string path, string? name) => Require(
        name is { Length: >= 1 and <= 100 } && name[0] != '.'
            && name.All(letter => char.IsLetterOrDigit(letter) || letter is '-' or '_' or '.'),
        path,
        name,
        "a text of 1 to 100 letters, digits, '-', '_' and '.' (it names a folder) that does not begin with '.'");

    /// <summary>Refuses a shape of more values than an array holds; its sides are in their ranges.</summary>
    internal static void RequireArray(string path, params long[] sides) => Require(
        sides.Aggregate((values, side) => values * side) <= Array.MaxLength,
        path,
        string.Join('x', sides),
        $"of at most {Array.MaxLength} values");

    /// <summary>Text from outside on one line, without control characters, cut to fit into a sentence.</summary>
    internal static string Short(string text)
    {
        string cut = text.Length <= LongestShown ? text : $"{text[..(LongestShown - 3)]}...";
        return string.Concat(cut.Select(letter => char.IsControl(letter) ? ' ' : letter));
    }

    private static void Check(object record, string path)
    {
        foreach (var (property, range) in Members.GetOrAdd(record.GetType(), MembersOf))
        {
            string member = Join(path, JsonNamingPolicy.CamelCase.ConvertName(property.Name));
            object? value = property.GetValue(record);
            range?.Check(value, property.PropertyType, member);
            switch (value)
            {
                case Enum named:
                    string names = $"a named value of {named.GetType().Name}";
                    Require(Enum.IsDefined(named.GetType(), named), member, named, names);
                    break;
                case IEnumerable<Choice> list:
                    foreach (var (index, item) in list.Index())
                    {
                        Check(item, $"{member}[{index}]");
                    }

                    break;
                case not null when IsRecord(value.GetType()):
                    Check(value, member);
                    break;
            }
        }

        (record as Choice)?.CheckTogether(path);
    }

    private static (PropertyInfo Property, InAttribute? Range)[] MembersOf(Type type) =>
    [
        .. type.GetProperties().Where(property => property.CanWrite)
            .Select(property => (property, property.GetCustomAttribute<InAttribute>())),
    ];

    /// <summary>The kinds of the choice that a type belongs to.</summary>
    private static JsonDerivedTypeAttribute[] Kinds(Type type) =>
        type.GetCustomAttributes<JsonDerivedTypeAttribute>(inherit: false).ToArray() is { Length: > 0 } kinds
            ? kinds
            : Kinds(type.BaseType!);

    private static bool IsRecord(Type type) =>
        type.IsAssignableTo(typeof(Choice)) || type is { IsValueType: true, IsPrimitive: false };

    private static string Show(object? value) => value switch
    {
        null => "missing",
        string text => $"\"{Short(text)}\"",
        IReadOnlyCollection<int> list => $"a list of {list.Count}",
        _ => value.ToString() ?? "missing",
    };
}

/// <summary>
/// The range of a number, of each number of a list, or of the length of a text: an interval such as "[1, 10000]", "(0,
/// 1)" or "(0, inf)", whose round brackets leave out the end, or a set such as "{1, 3}".
/// </summary>
/// <param name="range">The interval or set.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class InAttribute(string range) : Attribute
{
    /// <summary>The interval or set.</summary>
    public string Range { get; } = range;

    /// <summary>The interval of the length of a list of widths; null where there is no list.</summary>
    public string? Widths { get; init; }

    private bool IsSet => Range[0] == '{';

    private string[] Bounds { get; } = range[1..^1].Split(", ");

    /// <summary>Refuses a value outside the range.</summary>
    internal void Check(object? value, Type type, string path)
    {
        switch (value)
        {
            case null when Nullable.GetUnderlyingType(type) is not null:
                break;
            case LayerSizes { IsUniform: true } sizes:
                Choice.Require(Holds(sizes.Values[0]), path, sizes.Values[0], Describe(typeof(int)));
                break;
            case IEnumerable<int> list:
                bool fits = Widths is null || new InAttribute(Widths).Holds(list.Count());
                Choice.Require(fits, path, list, DescribeLength());
                foreach (var (index, item) in list.Index())
                {
                    Choice.Require(Holds(item), $"{path}[{index}]", item, Describe(typeof(int)));
                }

                break;
            default:
                double number = value is string text ? text.Length : Convert.ToDouble(value, CultureInfo.InvariantCulture);
                Choice.Require(value is not null && Holds(number), path, value, Describe(type));
                break;
        }
    }

    /// <summary>The range in words, to follow "it must be".</summary>
    /// <param name="type">The type of the value.</param>
    internal string Describe(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return $"{Describe(underlying)}, or null";
        }

        var (low, high) = (Bounds[0], Bounds[^1]);
        return IsSet ? $"{string.Join(", ", Bounds[..^1])} or {high}"
            : type == typeof(string) ? $"a text of {Length} characters"
            : type == typeof(int) ? $"a whole number from {low} to {high}"
            : Range[0] == '[' && Range[^1] == ']' ? $"from {low} to {high}"
            : (Range[0] == '[' ? $"at least {low}" : $"greater than {low}")
                + (high is "inf" ? " and finite" : Range[^1] == ']' ? $" and at most {high}" : $" and less than {high}");
    }

    /// <summary>The length of a list in words.</summary>
    internal string DescribeLength() => $"a list of {(Widths is null ? "" : new InAttribute(Widths).Length)} widths";

    private string Length => Bounds[0] is "0" ? $"at most {Bounds[1]}" : $"{Bounds[0]} to {Bounds[1]}";

    private bool Holds(double value)
    {
        double[] bounds = [.. Bounds.Select(Number)];
        return IsSet
            ? bounds.Contains(value)
            : (Range[0] == '[' ? value >= bounds[0] : value > bounds[0])
                && (Range[^1] == ']' ? value <= bounds[1] : value < bounds[1]);
    }

    private static double Number(string bound) =>
        bound is "inf" ? double.PositiveInfinity : double.Parse(bound, CultureInfo.InvariantCulture);
}
