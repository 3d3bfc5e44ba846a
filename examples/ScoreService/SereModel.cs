using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Sere.Runs;

namespace Sere.ScoreService;

/// <summary>
/// The model of a run: it loads when the service starts, judges one image at a time, and lets so many others wait. Copy this
/// file into a service of your own.
/// </summary>
internal sealed class SereModel(string run, ILogger<SereModel> log, IHostApplicationLifetime lifetime) : BackgroundService, IHealthCheck
{
    /// <summary>The share of normal images that may be flagged, where a request does not say it.</summary>
    public const double UsualFalsePositiveRate = TrainedModel.UsualFalsePositiveRate;

    private const int MostWaiting = 16;
    private readonly Channel<Waiting> _queue = Channel.CreateBounded<Waiting>(MostWaiting);
    private volatile bool _isReady;
    private double _seconds = 0.1;

    /// <summary>Judges an image, when those before it are judged.</summary>
    /// <exception cref="BusyException">Too many wait already, or the model is not loaded yet.</exception>
    /// <exception cref="SereException">It is no image that the model takes.</exception>
    /// <exception cref="OperationCanceledException">Whoever asked has gone, or the service ends.</exception>
    public async Task<ImageJudgement> JudgeAsync(VerdictRequest request, CancellationToken cancellation)
    {
        if (!(request.FalsePositiveRate is > 0 and < 1))
        {
            throw new SereException("falsePositiveRate is out of range; give a number greater than 0 and less than 1.");
        }

        var waiting = new Waiting(request, cancellation);
        if (!_isReady || !_queue.Writer.TryWrite(waiting))
        {
            throw new BusyException(_isReady ? "Too many images wait already." : "The model is not loaded yet.")
            {
                RetryAfterSeconds = Math.Max(1, (int)Math.Ceiling(_queue.Reader.Count * _seconds)),
            };
        }

        return await waiting.Answer.Task;
    }

    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(_isReady ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("The model is not loaded yet."));

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.Run(() => JudgeAllAsync(stoppingToken), stoppingToken);

    private async Task JudgeAllAsync(CancellationToken stopping)
    {
        try
        {
            using var model = TrainedModel.Load(run, warn: sentence => log.LogWarning("{Sentence}", sentence));

            // The first image costs more than others, and a run that cannot judge says so now.
            model.Threshold();
            model.Verdict(new Data.ImageSet(model.Shape, new byte[model.Shape.Dimensions]), cancellation: stopping);
            _isReady = true;
            await foreach (var waiting in _queue.Reader.ReadAllAsync(stopping))
            {
                Judge(model, waiting);
            }
        }
        catch (SereException error)
        {
            if (log.IsEnabled(LogLevel.Critical))
            {
                log.LogCritical("{Sentence}", error.Message);
            }

            Environment.ExitCode = 1;
            lifetime.StopApplication();
        }
        finally
        {
            _isReady = false;
            _queue.Writer.TryComplete();
            while (_queue.Reader.TryRead(out var left))
            {
                left.Answer.TrySetCanceled(CancellationToken.None);
            }
        }
    }

    private void Judge(TrainedModel model, Waiting waiting)
    {
        var (request, cancellation) = (waiting.Request, waiting.Cancellation);
        long start = Stopwatch.GetTimestamp();
        try
        {
            cancellation.ThrowIfCancellationRequested();
            var image = model.Read(request.Upload, request.Resize, request.Gray);
            var verdict = model.Verdict(image, request.FalsePositiveRate, cancellation: cancellation)[0];
            waiting.Answer.TrySetResult(new ImageJudgement(
                verdict.Novelty,
                verdict.Percentile,
                verdict.IsFlagged,
                request.FalsePositiveRate,
                verdict.Figures,
                new JudgementMap(verdict.Map.Height, verdict.Map.Width, Rounded(verdict.Map.Values.Span))));
            _seconds = (0.9 * _seconds) + (0.1 * Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        catch (OperationCanceledException)
        {
            waiting.Answer.TrySetCanceled(cancellation);
        }
        catch (Exception error)
        {
            waiting.Answer.TrySetException(error);
        }
    }

    private static float[] Rounded(ReadOnlySpan<float> values)
    {
        float[] rounded = new float[values.Length];
        for (int i = 0; i < rounded.Length; i++)
        {
            rounded[i] = MathF.Round(values[i], 2);
        }

        return rounded;
    }

    private sealed record Waiting(VerdictRequest Request, CancellationToken Cancellation)
    {
        public TaskCompletionSource<ImageJudgement> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>An image that was sent, and how it is to be read and judged.</summary>
internal sealed record VerdictRequest(byte[] Upload, double FalsePositiveRate, bool Resize, bool Gray);

/// <summary>What is answered.</summary>
/// <param name="Novelty">How rare the image is among normal ones, in nats.</param>
/// <param name="Percentile">How many of a hundred normal images are less novel.</param>
/// <param name="IsFlagged">Whether it is rarer than all but the wanted share of normal images.</param>
/// <param name="FalsePositiveRate">That share.</param>
/// <param name="Figures">What the novelty is made of.</param>
/// <param name="Map">Where the image is strange.</param>
internal sealed record ImageJudgement(
    double Novelty,
    double Percentile,
    bool IsFlagged,
    double FalsePositiveRate,
    IReadOnlyDictionary<string, double> Figures,
    JudgementMap Map);

/// <summary>How strange each pixel is, row by row: 0 is usual, 3 is rare.</summary>
internal sealed record JudgementMap(int Height, int Width, IReadOnlyList<float> Values);

/// <summary>Too many wait already.</summary>
internal sealed class BusyException(string message) : SereException(message)
{
    /// <summary>After how many seconds it may be worth asking again.</summary>
    public required int RetryAfterSeconds { get; init; }
}

/// <summary>Adds the model of a run to a service.</summary>
internal static class SereServices
{
    /// <summary>Registers <see cref="SereModel"/>, which loads when the service starts, and the check whether it is ready.</summary>
    public static IServiceCollection AddSere(this IServiceCollection services, string run)
    {
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<SereModel>(provider, run));
        services.AddHostedService(provider => provider.GetRequiredService<SereModel>());
        services.AddHealthChecks().AddCheck<SereModel>("model");
        return services;
    }
}
