using Sere.Runs;
using Xunit;

namespace Sere.Tests.Runs;

public sealed class TensorFlowRecordTests
{
    [Fact]
    public void The_checksum_is_that_of_a_record_which_TensorFlow_wrote() =>
        Assert.Equal(0x5794d08au, TensorFlowRecord.MaskedChecksum("\u001a\u0011CRC test, one two"u8));

    [Fact]
    public void The_reader_of_these_tests_knows_the_checksum_of_RFC_3720() =>
        Assert.Equal(0x8a9136aau, EventFile.Checksum(new byte[32]));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(1000)]
    public void Records_are_read_back_one_after_the_other(int length)
    {
        byte[] data = new byte[length];
        new Random(length).NextBytes(data);
        byte[] record = TensorFlowRecord.Encode(data);
        Assert.Equal(length + 16, record.Length);
        Assert.Equal([data, data], EventFile.Records([.. record, .. record]));
    }
}
