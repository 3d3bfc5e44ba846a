using System.Text;
using Sere.Models.Configuration;
using Sere.Tests.Models.Configuration;
using Xunit;

namespace Sere.Tests.Malformed;

public sealed class ConfigurationMutationTests
{
    [Fact]
    public void Damaged_configurations_are_refused_or_read() =>
        new MutationRun(
            "config.json",
            [
                .. from name in Presets.Names
                   let sound = Encoding.UTF8.GetBytes(PresetText.Read(name))
                   from mutate in (Func<byte[], Random, byte[]>[])[JsonMutation.Of, JsonMutation.Of, Mutation.Of]
                   select new MalformedForm(name, sound, mutate),
            ],
            path =>
            {
                ExperimentConfiguration configuration = ConfigurationFile.Load(path);
                Assert.Equal(configuration, ConfigurationFile.Parse(ConfigurationFile.ToJson(configuration), "written"));
            }).Check();
}
