using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using TorchSharp;

namespace Sere.Cli.Studio;

/// <summary>What the studio shows, and to whom.</summary>
/// <param name="Folder">The folder below which runs and comparisons are looked for.</param>
internal sealed record StudioOptions(string Folder)
{
    /// <summary>Further folders whose images may be chosen by name.</summary>
    public IReadOnlyList<string> ImageFolders { get; init; } = [];

    /// <summary>The address that is listened at.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port; 0 for a free one.</summary>
    public int Port { get; init; }

    /// <summary>Where models compute, asked for when the first one loads; null for the CPU.</summary>
    public Lazy<torch.Device>? Device { get; init; }

    /// <summary>How long a model stays loaded that nobody uses.</summary>
    public TimeSpan ModelLifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The secret without which nothing is answered.</summary>
    public string Token { get; init; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
}

/// <summary>The local page over the runs of a folder, while it is not disposed.</summary>
internal sealed class StudioServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly ModelPool _models;

    private StudioServer(WebApplication application, ModelPool models, Uri address)
    {
        _application = application;
        _models = models;
        Address = address;
    }

    /// <summary>Where the page is, with its token.</summary>
    public Uri Address { get; }

    /// <summary>Begins to listen.</summary>
    /// <exception cref="SereException">The folder does not exist, or the address or port cannot be had.</exception>
    public static async Task<StudioServer> StartAsync(StudioOptions options, CancellationToken cancellation = default)
    {
        foreach (string folder in options.ImageFolders.Prepend(options.Folder))
        {
            if (!Directory.Exists(folder))
            {
                throw new SereException($"There is no folder '{folder}'; name one that holds runs, or one of images.");
            }
        }

        // Nothing of this machine's settings for web programs: no file of the working folder, no variable.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = StudioUploads.MostBytes;
            kestrel.Limits.MaxConcurrentConnections = 64;
            kestrel.Listen(options.Address, options.Port, listen => listen.Protocols = HttpProtocols.Http1);
        });
        var application = builder.Build();
        var models = new ModelPool(options.Device, options.ModelLifetime);
        application.Use(new StudioGuard(options).InvokeAsync);
        application.Use(AnswerFailuresAsync);
        application.UseRouting();
        StudioPages.Map(application);
        var runs = new StudioRuns(options.Folder);
        StudioRunPages.Map(application, runs, options);
        new StudioComputations(runs, models, options).Map(application);
        try
        {
            await application.StartAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or SocketException or UnauthorizedAccessException)
        {
            models.Dispose();
            await application.DisposeAsync().ConfigureAwait(false);
            throw new SereException(
                $"Nothing can listen at {new IPEndPoint(options.Address, options.Port)}: {Reason(error)}; choose another --port or "
                + "--listen.",
                error);
        }

        string bound = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        var address = new UriBuilder(bound) { Query = $"token={options.Token}" };
        if (options.Address.Equals(IPAddress.Any) || options.Address.Equals(IPAddress.IPv6Any))
        {
            // All addresses are none that somebody could open.
            address.Host = Dns.GetHostName();
        }

        return new StudioServer(application, models, address.Uri);
    }

    public async ValueTask DisposeAsync()
    {
        // Whoever listens for events would keep the server waiting.
        using var now = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _application.StopAsync(now.Token).ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
        _models.Dispose();
    }

    private static string Reason(Exception error) => (error.InnerException ?? error).Message.TrimEnd('.');

    /// <summary>Every failure is one sentence, whatever came before it.</summary>
    private static async Task AnswerFailuresAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context).ConfigureAwait(false);
            if (context.Response is { HasStarted: false, StatusCode: StatusCodes.Status404NotFound or StatusCodes.Status405MethodNotAllowed })
            {
                await Answer.FailureAsync(context, context.Response.StatusCode, "There is nothing at this address.").ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for an answer.
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            var (status, sentence) = Answer.Of(error);
            await Answer.FailureAsync(context, status, sentence).ConfigureAwait(false);
        }
    }
}
