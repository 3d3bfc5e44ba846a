using Xunit;

namespace Sere.Tests.Runs.Configuration;

public sealed class ConfigurationDamageTests
{
    [Theory]
    [InlineData("digits")]
    [InlineData("mnist-mlp")]
    public void A_preset_cut_off_anywhere_is_refused(string name)
    {
        foreach (string text in (string[])[PresetText.Read(name).TrimEnd(), PresetText.File(name).TrimEnd()])
        {
            for (int length = 0; length < text.Length; length++)
            {
                string sentence = ConfigurationFileTests.Refusal(text[..length]);
                Assert.True(sentence.Contains(" at line ", StringComparison.Ordinal), sentence);
            }
        }
    }
}
