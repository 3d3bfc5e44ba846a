using System.Text.RegularExpressions;
using Sere.Models.Configuration;
using Xunit;

namespace Sere.Tests.Models.Configuration;

public sealed partial class ConfigurationDamageTests
{
    [Theory]
    [InlineData("digits")]
    [InlineData("mnist-mlp")]
    public void A_preset_cut_off_anywhere_is_refused(string name)
    {
        string text = PresetText.Read(name).TrimEnd();
        for (int length = 0; length < text.Length; length++)
        {
            string sentence = ConfigurationFileTests.Refusal(text[..length]);
            Assert.True(sentence.Contains(" at line ", StringComparison.Ordinal), sentence);
        }
    }

    [Fact]
    public void Damage_to_the_text_gives_a_configuration_or_a_refusal_and_nothing_else()
    {
        // Pieces that mean something to the parser or the schema reach further than single characters do.
        string[] pieces =
        [
            "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud800", "\ud800", "/", "//", "/*", "*/", "null", "true",
            "-", "1e", "1e999", "NaN", "99999999999999999999", "\"kind\": ", "\"$type\": ", "\"$id\"", "\0", "\n", "é",
            "mlp", "gaussian", "layers", "0", ".", "[[[[[[[[",
        ];
        var random = new Random(20);
        string original = PresetText.Read("mnist-mlp");
        string[] tokens = [.. Token().Matches(original).Select(match => match.Value)];
        int read = 0;
        int unparsed = 0;
        int unfit = 0;
        for (int trial = 0; trial < 10_000; trial++)
        {
            string text = original;
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                text = trial % 2 == 0
                    ? ReplaceToken(text, tokens[random.Next(tokens.Length)], random)
                    : Scramble(text, pieces, random);
            }

            try
            {
                ExperimentConfiguration configuration = ConfigurationFile.Parse(text, "test");
                Assert.Equal(
                    configuration, ConfigurationFile.Parse(ConfigurationFile.ToJson(configuration), "written"));
                read++;
            }
            catch (UsageException error)
            {
                Assert.StartsWith("test: ", error.Message, StringComparison.Ordinal);
                Assert.DoesNotContain('\n', error.Message);
                if (error.Message.Contains("not valid JSON", StringComparison.Ordinal))
                {
                    unparsed++;
                }
                else
                {
                    unfit++;
                }
            }
        }

        Assert.True(
            read > 100 && unparsed > 2000 && unfit > 2000,
            $"{read} were read, {unparsed} were no JSON, {unfit} did not fit");
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

    private static string Scramble(string text, string[] pieces, Random random)
    {
        int position = random.Next(text.Length);
        int removed = Math.Min(random.Next(3) == 0 ? random.Next(40) : random.Next(2), text.Length - position);
        string inserted = random.Next(3) switch
        {
            0 => pieces[random.Next(pieces.Length)],
            1 => ((char)random.Next(32, 127)).ToString(),
            _ => text.Substring(position, Math.Min(random.Next(40), text.Length - position)),
        };
        string rest = text.Remove(position, removed);
        return rest.Insert(random.Next(rest.Length + 1), inserted);
    }
}
