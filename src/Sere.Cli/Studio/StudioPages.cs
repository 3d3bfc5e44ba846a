using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Sere.Cli.Studio;

/// <summary>The files of the page, which are part of the program.</summary>
internal static class StudioPages
{
    private const string Folder = "studio/";

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (string resource in typeof(StudioPages).Assembly.GetManifestResourceNames().Where(
            name => name.StartsWith(Folder, StringComparison.Ordinal)))
        {
            string name = resource[Folder.Length..];
            routes.MapGet(string.Equals(name, "index.html", StringComparison.Ordinal) ? "/" : $"/{name}", async context =>
            {
                context.Response.ContentType = TypeOf(name);
                await using var content = typeof(StudioPages).Assembly.GetManifestResourceStream(resource)!;
                context.Response.ContentLength = content.Length;
                await content.CopyToAsync(context.Response.Body, context.RequestAborted).ConfigureAwait(false);
            });
        }
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    };
}
