namespace Sere.Tests.Storage;

/// <summary>The process has ended here, as far as a test is concerned.</summary>
internal sealed class SimulatedStopException : Exception
{
}
