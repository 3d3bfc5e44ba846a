namespace Sere.Runs.Comparison;

/// <summary>Is told how a comparison goes; of the row that is under way as of any run.</summary>
public interface IComparisonObserver : IRunObserver
{
    /// <summary>A row comes next.</summary>
    /// <param name="name">The row.</param>
    /// <param name="number">Its number, from 1.</param>
    /// <param name="of">The number of rows.</param>
    /// <param name="isDone">Whether its figures are there already.</param>
    void OnRow(string name, int number, int of, bool isDone);

    /// <summary>All rows are done, and their training steps are timed.</summary>
    void OnStepTimes();
}
