using Sere.Storage;
using Xunit;

namespace Sere.Tests.Storage;

public sealed class NpyHeaderTests : FolderTests
{
    private string FilePath => _folder.File("array.npy");

    [Theory]
    [InlineData("{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }\n")]
    [InlineData("{'shape':(2,),'descr':'|u1','fortran_order':False}")]
    [InlineData("\n {\t\"fortran_order\" : True ,\r\n\"shape\": ( 2 , ) , \"descr\": \"|u1\"\n, }  \n \n")]
    [InlineData("{'descr': '|u1', 'fortran_order': False, 'shape': (2L,), }\n")]
    [InlineData("{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 1)}\n")]
    [InlineData("{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2,)}\n")]
    [InlineData("{'descr': 'u1', 'fortran_order': False, 'shape': (2,)}\n")]
    public void A_header_may_be_written_in_any_of_the_sound_ways(string literal) =>
        Assert.Equal([8, 9], Read(NpyBytes.Build(literal, [8, 9])).ToBytes());

    [Fact]
    public void A_type_without_a_byte_order_has_that_of_this_machine() => Assert.Equal(
        [0.5f],
        Read(NpyBytes.Array("f4", "(1,)", BitConverter.GetBytes(0.5f))).ToSingles());

    [Theory]
    [InlineData("", "no dictionary between braces")]
    [InlineData("{", "no dictionary between braces")]
    [InlineData("{'descr': '<f4', 'fortran_order': False}", "no key 'shape'")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", "wrong from '\"x\": 1' on")]
    [InlineData("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "the key 'descr' twice")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'shape': (1,)}", "the key 'shape' twice")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} 1", "no dictionary between braces")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1)}", "'shape' has a size without a comma")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1 1)}", "'shape' has a size without a comma")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "'shape' has '-1' for a size")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (01,)}", "'shape' has '01' for a size")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2147483648,)}", "'2147483648' for a size from 0 to 2147483647")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (65536, 65536)}", "more than the")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 65536, 65536)}", "more than the")]
    [InlineData("{'descr': '<f4', 'fortran_order': Falsehood, 'shape': (1,)}", "wrong from '\"fortran_order\": Falsehood, ")]
    [InlineData("{'descr': '<\\x664', 'fortran_order': False, 'shape': (1,)}", "wrong from '\"descr\": \"<\\x664")]
    [InlineData("{'descr': '<f4, 'fortran_order': False, 'shape': (1,)}", "wrong from '\"descr\": ")]
    [InlineData("{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}", "wrong from '\"descr\": ")]
    [InlineData("{'descr': __import__('os').system('true'), 'fortran_order': False, 'shape': (1,)}", "wrong from '\"descr\": __import__")]
    public void A_header_that_breaks_the_rules_is_refused_with_the_fault(string literal, string fault) =>
        AssertRefused(NpyBytes.Build(literal, new byte[4]), "is not a sound npy array because", fault);

    [Theory]
    [InlineData("'|O'", "code that came with the file")]
    [InlineData("'O'", "code that came with the file")]
    [InlineData("'|O8'", "code that came with the file")]
    [InlineData("[('x', '<f4'), ('y', '|O')]", "records of several fields")]
    [InlineData("('<f4', (2,))", "records of several fields")]
    [InlineData("{'names': ['x']}", "records of several fields")]
    [InlineData("'<U3'", "'<U3'")]
    [InlineData("'|S4'", "'|S4'")]
    [InlineData("'|V4'", "'|V4'")]
    [InlineData("'<c8'", "'<c8'")]
    [InlineData("'<f16'", "'<f16'")]
    [InlineData("'<M8[ns]'", "'<M8[ns]'")]
    [InlineData("'|f4'", "'|f4'")]
    [InlineData("'!f4'", "'!f4'")]
    [InlineData("''", "''")]
    [InlineData("'float32'", "'float32'")]
    public void Elements_that_are_no_plain_numbers_are_refused_and_never_loaded(string descriptor, string fault)
    {
        string literal = $"{{'descr': {descriptor}, 'fortran_order': False, 'shape': (1,), }}\n";
        AssertRefused(NpyBytes.Build(literal, new byte[4]), "save it from NumPy as a plain type", fault);
    }

    [Fact]
    public void More_sizes_than_an_array_can_have_are_refused()
    {
        string sizes = string.Concat(Enumerable.Repeat("1,", 64));
        Assert.Equal(64, Read(NpyBytes.Array("|u1", $"({sizes})", [3])).Shape.Count);
        AssertRefused(NpyBytes.Array("|u1", $"({sizes}1)", [3]), "more than 64 sizes");
    }

    [Fact]
    public void A_header_longer_than_any_array_needs_is_refused()
    {
        string literal = NpyBytes.Literal("|u1", "(1,)");
        Assert.Equal([7], Read(NpyBytes.Build(literal.PadRight(1 << 16), [7], major: 3)).ToBytes());
        AssertRefused(NpyBytes.Build(literal.PadRight((1 << 16) + 1), [7], major: 3), "65537 bytes, more than");
    }

    [Fact]
    public void A_hostile_text_in_the_header_cannot_steer_a_terminal_and_is_shortened()
    {
        string message = AssertRefused(NpyBytes.Array($"\u009b2J{new string('x', 5000)}", "(1,)", []), "type '?2J");
        Assert.InRange(message.Length, 1, 300 + FilePath.Length);
    }

    private NpyArray Read(byte[] content)
    {
        File.WriteAllBytes(FilePath, content);
        return NpyFile.Read(FilePath);
    }

    private string AssertRefused(byte[] content, params string[] parts)
    {
        string message = Assert.Throws<SereException>(() => Read(content)).Message;
        Assert.StartsWith($"The file '{FilePath}' ", message, StringComparison.Ordinal);
        Assert.EndsWith(".", message, StringComparison.Ordinal);
        Assert.DoesNotContain(message, char.IsControl);
        Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
        return message;
    }
}
