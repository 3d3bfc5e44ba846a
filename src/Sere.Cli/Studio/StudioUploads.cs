using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Sere.Cli.Studio;

/// <summary>An image that was sent.</summary>
/// <param name="Name">What its sender calls it; it names nothing here.</param>
/// <param name="Content">Its bytes.</param>
internal sealed record Upload(string Name, byte[] Content);

/// <summary>Takes images out of a request: so many and so large as somebody drops by hand.</summary>
internal static class StudioUploads
{
    /// <summary>The largest request.</summary>
    public const long MostBytes = 64L << 20;

    private const int MostImages = 512;
    private const int LongestName = 200;

    // Each holds its images in memory.
    private static readonly SemaphoreSlim Reading = new(4);

    public static string TooMuch => $"That is more than {MostBytes >> 20} MB at once; choose their folder on this machine instead.";

    public static async Task<(IReadOnlyList<Upload> Images, IFormCollection Fields)> ReadAsync(HttpContext context)
    {
        if (!context.Request.HasFormContentType)
        {
            throw new SereException("No images were sent.");
        }

        await Reading.WaitAsync(context.RequestAborted).ConfigureAwait(false);
        try
        {
            return await ReadFormAsync(context).ConfigureAwait(false);
        }
        finally
        {
            Reading.Release();
        }
    }

    private static async Task<(IReadOnlyList<Upload> Images, IFormCollection Fields)> ReadFormAsync(HttpContext context)
    {
        var limits = new FormOptions
        {
            MultipartBodyLengthLimit = MostBytes,
            ValueCountLimit = MostImages + 16,
            BufferBodyLengthLimit = MostBytes,
        };
        IFormCollection form;
        try
        {
            form = await context.Request.ReadFormAsync(limits, context.RequestAborted).ConfigureAwait(false);
        }
        catch (Exception error) when (error is InvalidDataException or (IOException and not BadHttpRequestException))
        {
            throw new SereException("The images did not arrive as a browser sends them.", error);
        }

        if (form.Files.Count is 0 or > MostImages)
        {
            throw new SereException(form.Files.Count == 0
                ? "No images were sent."
                : $"{form.Files.Count} images are more than {MostImages} at once; choose their folder on this machine instead.");
        }

        var images = new List<Upload>();
        foreach (var file in form.Files)
        {
            byte[] content = new byte[file.Length];
            await using var stream = file.OpenReadStream();
            await stream.ReadExactlyAsync(content, context.RequestAborted).ConfigureAwait(false);
            string name = file.FileName;
            images.Add(new Upload(name.Length > LongestName ? name[^LongestName..] : name, content));
        }

        return (images, form);
    }
}
