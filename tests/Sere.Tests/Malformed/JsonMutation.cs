using System.Text;
using System.Text.RegularExpressions;

namespace Sere.Tests.Malformed;

/// <summary>Seeded damage to JSON that mostly stays JSON, and so reaches what looks at its meaning.</summary>
internal static partial class JsonMutation
{
    // Pieces that mean something to the parser or the schema reach further than single characters do. One is half of a
    // surrogate pair as bytes: a character of the text stands for a byte of the file.
    private static readonly string[] Pieces =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud800", "\u00ed\u00a0\u0080", "/", "//", "/*", "*/", "null",
        "true", "-", "1e", "1e999", "NaN", "99999999999999999999", "\"kind\": ", "\"$type\": ", "\"$id\"", "\0", "\n",
        "é", "mlp", "gaussian", "layers", "0", ".", "[[[[[[[[",
    ];

    /// <summary>A copy with one to three tokens replaced by others of it, or with pieces put in, moved and cut out.</summary>
    public static byte[] Of(byte[] sound, Random random)
    {
        string text = Encoding.Latin1.GetString(sound);
        bool byToken = random.Next(2) == 0;
        MatchCollection tokens = Token().Matches(text);
        for (int change = Mutation.Changes(random); change > 0; change--)
        {
            text = byToken ? ReplaceToken(text, tokens[random.Next(tokens.Count)].Value, random) : Scramble(text, random);
        }

        return Encoding.Latin1.GetBytes(text);
    }

    /// <summary>A string, a number or a word of JSON.</summary>
    [GeneratedRegex("""
        "[^"]*"|[-+.0-9a-z]+
        """, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Token();

    private static string ReplaceToken(string text, string token, Random random)
    {
        MatchCollection places = Token().Matches(text);
        Match place = places[random.Next(places.Count)];
        return text[..place.Index] + token + text[(place.Index + place.Length)..];
    }

    private static string Scramble(string text, Random random)
    {
        int position = random.Next(text.Length);
        int removed = Math.Min(random.Next(3) == 0 ? random.Next(40) : random.Next(2), text.Length - position);
        string inserted = random.Next(3) switch
        {
            0 => Pieces[random.Next(Pieces.Length)],
            1 => ((char)random.Next(32, 127)).ToString(),
            _ => text.Substring(position, Math.Min(random.Next(40), text.Length - position)),
        };
        string rest = text.Remove(position, removed);
        return rest.Insert(random.Next(rest.Length + 1), inserted);
    }
}
