using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace Sere.Cli.Studio;

/// <summary>How the studio answers: JSON, and failures as one sentence.</summary>
internal static class Answer
{
    public const string NotOfThePage = "The request is not such as the page sends.";

    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        Converters = { new FiniteNumbers(), new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>What a failure is to whoever asked.</summary>
    public static (int Status, string Sentence) Of(Exception error) => error switch
    {
        BusyException => (StatusCodes.Status503ServiceUnavailable, error.Message),
        SereException => (StatusCodes.Status400BadRequest, error.Message),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } =>
            (StatusCodes.Status413PayloadTooLarge, StudioUploads.TooMuch),
        BadHttpRequestException or JsonException or InvalidDataException =>
            (StatusCodes.Status400BadRequest, NotOfThePage),
        _ => (
            StatusCodes.Status500InternalServerError,
            $"An unexpected {error.GetType().Name} occurred ({error.Message.Split('\n')[0].TrimEnd('.')})."),
    };

    public static Task FailureAsync(HttpContext context, int status, string sentence)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new { error = sentence }, Json, context.RequestAborted);
    }

    public static Task WriteAsync(HttpContext context, object value) =>
        context.Response.WriteAsJsonAsync(value, value.GetType(), Json, context.RequestAborted);

    /// <summary>A number that is none is null: JSON has no other word for it.</summary>
    private sealed class FiniteNumbers : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value))
            {
                writer.WriteNumberValue(value);
            }
            else
            {
                writer.WriteNullValue();
            }
        }
    }
}
