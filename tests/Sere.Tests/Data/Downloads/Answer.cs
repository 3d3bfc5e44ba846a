namespace Sere.Tests.Data.Downloads;

/// <summary>Writes the answer to a request; the connection is closed when it returns.</summary>
internal delegate Task Answer(ServerRequest request, Stream connection, CancellationToken end);
