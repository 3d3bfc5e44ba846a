// A model behind a service: an image in, a verdict out.
//   dotnet run -c Release --project examples/ScoreService -- --run runs/parts --urls http://127.0.0.1:8080
//   curl --data-binary @part.png -H "Content-Type: image/png" http://127.0.0.1:8080/verdict
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Sere;
using Sere.ScoreService;

const int MostBytes = 8 << 20;
TimeSpan longestUpload = TimeSpan.FromSeconds(30);

var builder = WebApplication.CreateBuilder(args);
builder.WebHost.ConfigureKestrel(kestrel =>
{
    // Together they bound the memory that uploads take.
    kestrel.Limits.MaxRequestBodySize = MostBytes;
    kestrel.Limits.MaxConcurrentConnections = 64;
    kestrel.AddServerHeader = false;
});
builder.Services.AddSere(builder.Configuration["run"] ?? throw new InvalidOperationException("Name a run with --run."));
builder.Services.AddProblemDetails();
builder.Services.AddOpenApi();
builder.Services.ConfigureHttpJsonOptions(json =>
    json.SerializerOptions.NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals);

var app = builder.Build();
app.UseExceptionHandler(new ExceptionHandlerOptions
{
    StatusCodeSelector = error => error is BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status500InternalServerError,
});
app.UseStatusCodePages();
app.MapOpenApi();

// Alive is who answers; ready is who can judge.
app.MapHealthChecks("/health", new HealthCheckOptions { Predicate = _ => false });
app.MapHealthChecks("/ready");

app.MapPost("/verdict", async (HttpContext context, SereModel model, double? falsePositiveRate, bool resize = false, bool gray = false) =>
{
    byte[] upload;
    using (var reading = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted))
    {
        reading.CancelAfter(longestUpload);
        try
        {
            using var content = new MemoryStream();
            await context.Request.Body.CopyToAsync(content, reading.Token);
            upload = content.ToArray();
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            return Problem(StatusCodes.Status408RequestTimeout, $"The image did not arrive within {longestUpload.TotalSeconds} s.");
        }
    }

    try
    {
        var request = new VerdictRequest(upload, falsePositiveRate ?? SereModel.UsualFalsePositiveRate, resize, gray);
        return Results.Ok(await model.JudgeAsync(request, context.RequestAborted));
    }
    catch (BusyException busy)
    {
        context.Response.Headers.RetryAfter = $"{busy.RetryAfterSeconds}";
        return Problem(StatusCodes.Status503ServiceUnavailable, busy.Message);
    }
    catch (SereException error)
    {
        return Problem(StatusCodes.Status400BadRequest, error.Message);
    }
    catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
    {
        // Nobody waits for an answer.
        return Results.Empty;
    }
})
    .Accepts<Stream>("application/octet-stream", "image/png", "image/jpeg", "image/webp", "image/bmp")
    .Produces<ImageJudgement>()
    .ProducesProblem(StatusCodes.Status400BadRequest)
    .ProducesProblem(StatusCodes.Status408RequestTimeout)
    .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
    .ProducesProblem(StatusCodes.Status415UnsupportedMediaType)
    .ProducesProblem(StatusCodes.Status503ServiceUnavailable)
    .WithName("verdict")
    .WithSummary("Whether an image is like those that the model was trained on, and where it is not.");

app.Run();

static IResult Problem(int status, string sentence) => Results.Problem(sentence, statusCode: status);
