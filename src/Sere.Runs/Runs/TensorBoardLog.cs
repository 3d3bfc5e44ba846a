using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Google.Protobuf;
using Sere.Storage;
using Tensorboard;

namespace Sere.Runs;

/// <summary>
/// Writes the epochs of a run for TensorBoard. A session of a run, from its start or a resumption to its end, has one
/// file, which is opened once and grows by a record an epoch.
/// </summary>
internal sealed class TensorBoardLog : IDisposable
{
    // TensorBoard recognizes its files by "tfevents" and reads those of a folder in the order of their names.
    private const string Prefix = "events.out.tfevents.";

    private readonly TimeProvider _clock;
    private readonly FileStream _file;

    /// <summary>Opens the file of a new session.</summary>
    /// <param name="folder">Where the sessions of the run are; it is made if it is missing.</param>
    /// <param name="firstStep">
    /// The first step that this session trains. TensorBoard forgets what earlier sessions wrote of it and of later steps.
    /// </param>
    /// <param name="clock">Gives the time of each event; null for the system's.</param>
    /// <exception cref="SereException">The file cannot be written.</exception>
    public TensorBoardLog(string folder, long firstStep, TimeProvider? clock = null)
    {
        _clock = clock ?? TimeProvider.System;
        string path = FileFault.Writing(folder, () =>
        {
            Directory.CreateDirectory(folder);
            return NextPath(folder, _clock.GetUtcNow().ToUnixTimeSeconds());
        });

        // Without a buffer, what an epoch writes can be read at once.
        _file = FileFault.Writing(path, () => new FileStream(
            path, FileMode.CreateNew, FileAccess.Write, FileShare.Read | FileShare.Delete, bufferSize: 0));
        try
        {
            Append(new Event { FileVersion = "brain.Event:2" });
            Append(new Event
            {
                Step = firstStep,
                SessionLog = new SessionLog { Status = SessionLog.Types.SessionStatus.Start },
            });
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    public void Write(RunMetrics metrics)
    {
        var summary = new Summary();
        summary.Value.AddRange(Scalars(metrics).Select(scalar => new Summary.Types.Value
        {
            Tag = scalar.Tag,
            SimpleValue = (float)scalar.Value,
        }));
        Append(new Event { Step = metrics.Step, Summary = summary });
    }

    public void Dispose() => _file.Dispose();

    /// <summary>The tags are part of the format of a run: docs/run-folder.md lists them.</summary>
    private static IEnumerable<(string Tag, double Value)> Scalars(RunMetrics metrics) =>
    [
        ("elbo/train", metrics.Elbo),
        ("elbo/validation", metrics.ValidationElbo),
        ("elbo/log_likelihood_term", metrics.LogLikelihoodTerm),
        ("kl/total", metrics.KlPerLayer.Sum()),
        .. metrics.KlPerLayer.Select((value, layer) => ($"kl/layer_{layer + 1:D2}", value)),
        .. new (string Tag, double? Value)[]
            {
                ("importance_weighted_bound/train", metrics.ImportanceWeightedBound),
                ("importance_weighted_bound/validation", metrics.ValidationImportanceWeightedBound),
            }
            .Where(bound => bound.Value is not null).Select(bound => (bound.Tag, bound.Value!.Value)),
        ("training/beta", metrics.Beta),
        ("training/learning_rate", metrics.LearningRate),
        ("training/gradient_norm", metrics.GradientNorm),
        ("training/skipped_steps", metrics.SkippedSteps),
        ("training/images_per_second", metrics.ImagesPerSecond),
    ];

    /// <summary>
    /// A name behind those of all earlier sessions, also of one that started in the same second or by a faster clock.
    /// </summary>
    private static string NextPath(string folder, long seconds)
    {
        long session = 0;
        foreach (string path in Directory.EnumerateFiles(folder, Prefix + "*"))
        {
            if (Path.GetFileName(path)[Prefix.Length..].Split('.') is [var second, var number]
                && long.TryParse(second, NumberStyles.None, CultureInfo.InvariantCulture, out long earlierSeconds)
                && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long earlierSession))
            {
                seconds = Math.Max(seconds, earlierSeconds);
                session = Math.Max(session, earlierSession);
            }
        }

        return Path.Combine(folder, $"{Prefix}{seconds:D10}.{session + 1:D4}");
    }

    private void Append(Event content)
    {
        content.WallTime = (_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;
        FileFault.Writing(_file.Name, () => _file.Write(TensorFlowRecord.Encode(content.ToByteArray())));
    }
}

/// <summary>
/// A record of a TFRecord file: the length of its data (8 bytes, little-endian), a checksum of these 8 bytes, the data, a
/// checksum of the data. Such a file is its records, one after the other.
/// </summary>
internal static class TensorFlowRecord
{
    private const int LengthSize = sizeof(ulong);
    private const int ChecksumSize = sizeof(uint);

    // The format masks its checksums, since the checksum of data that holds its own checksum tells little.
    private const uint MaskDelta = 0xa282ead8;
    private const int MaskRotation = 15;

    /// <summary>The bytes of a record.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> data)
    {
        byte[] record = new byte[LengthSize + ChecksumSize + data.Length + ChecksumSize];
        var length = record.AsSpan(0, LengthSize);
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(LengthSize), MaskedChecksum(length));
        data.CopyTo(record.AsSpan(LengthSize + ChecksumSize));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(^ChecksumSize..), MaskedChecksum(data));
        return record;
    }

    /// <summary>CRC-32C (Castagnoli), masked.</summary>
    public static uint MaskedChecksum(ReadOnlySpan<byte> data)
    {
        uint checksum = uint.MaxValue;
        foreach (byte value in data)
        {
            checksum = BitOperations.Crc32C(checksum, value);
        }

        return BitOperations.RotateRight(~checksum, MaskRotation) + MaskDelta;
    }
}
