using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Sere.Cli.Studio;

/// <summary>
/// Lets in whoever has the token and comes from the page itself. A web page elsewhere can make a browser send requests here: it
/// knows no token, its requests carry their origin, and a name that it points at this machine is no name of this machine.
/// </summary>
internal sealed class StudioGuard(StudioOptions options)
{
    private static readonly (string Name, string Value)[] Headers =
    [
        ("Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cache-Control", "no-store"),
    ];

    private readonly byte[] _token = Encoding.ASCII.GetBytes(options.Token);

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        foreach (var (name, value) in Headers)
        {
            context.Response.Headers[name] = value;
        }

        var request = context.Request;
        bool isPage = HttpMethods.IsGet(request.Method) && request.Path == "/";
        string cookie = $"sere-studio-{context.Connection.LocalPort}";
        if (!IsOwnHost(request.Host))
        {
            await Answer.FailureAsync(
                context, StatusCodes.Status421MisdirectedRequest, "This name is none of the studio's; use the address that it printed.")
                .ConfigureAwait(false);
        }
        else if (!isPage && !IsFromHere(request))
        {
            await Answer.FailureAsync(context, StatusCodes.Status403Forbidden, "Requests from other sites are refused.")
                .ConfigureAwait(false);
        }
        else if (isPage && IsToken(request.Query["token"]))
        {
            context.Response.Cookies.Append(
                cookie,
                options.Token,
                new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Lax, Path = "/", IsEssential = true });
            context.Response.Redirect("/");
        }
        else if (!IsToken(request.Cookies[cookie]) && !IsToken(Bearer(request)))
        {
            await Answer.FailureAsync(
                context, StatusCodes.Status401Unauthorized, "Open the address that sere studio printed: it holds the token.")
                .ConfigureAwait(false);
        }
        else
        {
            await next(context).ConfigureAwait(false);
        }
    }

    private static string? Bearer(HttpRequest request)
    {
        const string Scheme = "Bearer ";
        string header = request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..] : null;
    }

    /// <summary>Whether the request is the page's own, or of a program that is no browser.</summary>
    private static bool IsFromHere(HttpRequest request) =>
        (StringValues.IsNullOrEmpty(request.Headers["Sec-Fetch-Site"]) || request.Headers["Sec-Fetch-Site"] == "same-origin")
        && (StringValues.IsNullOrEmpty(request.Headers.Origin)
            || string.Equals(request.Headers.Origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a request names this machine as somebody can who was given its address.</summary>
    private bool IsOwnHost(HostString host)
    {
        bool isLocal = string.Equals(host.Host, "localhost", StringComparison.OrdinalIgnoreCase);
        if (!IPAddress.TryParse(host.Host.Trim('[', ']'), out var address))
        {
            return isLocal || (!IPAddress.IsLoopback(options.Address)
                && string.Equals(host.Host, Dns.GetHostName(), StringComparison.OrdinalIgnoreCase));
        }

        return !IPAddress.IsLoopback(options.Address) || IPAddress.IsLoopback(address);
    }

    private bool IsToken(string? given) =>
        given is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), _token);
}
