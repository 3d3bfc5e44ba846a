using System.Text;

namespace Sere.Storage;

/// <summary>Text from a file on its way into a message: it must not be long, nor steer a terminal.</summary>
internal static class QuotedText
{
    private const int MaximumLength = 60;

    /// <summary>The text between apostrophes, cut where it is long, with '?' in place of what is not plain.</summary>
    public static string Of(string text)
    {
        var quoted = new StringBuilder("'");
        foreach (char c in text.Length > MaximumLength ? text[..MaximumLength] + "..." : text)
        {
            quoted.Append(char.IsControl(c) || char.IsSurrogate(c) || c == '\'' ? '?' : c);
        }

        return quoted.Append('\'').ToString();
    }
}
