namespace Sere.Numerics.Kernels;

/// <summary>
/// A mask of which every column shows a number of first rows and hides the others, as those of a masked autoencoder with
/// rising degrees do. Columns that follow each other in rising order are cut into groups, of whose rectangle only a small
/// corner is masked in part: the rest is either multiplied as it is or left out, about half of all.
/// </summary>
internal sealed class MaskStaircase
{
    // Groups enough to leave most of the hidden half out, wide enough for efficient products.
    private const int GroupsOfRun = 8;
    private const int FewestColumns = 32;
    /// <summary>A mask.</summary>
    /// <param name="rows">Rows of the mask.</param>
    /// <param name="shown">How many first rows each column shows.</param>
    public MaskStaircase(int rows, IReadOnlyList<int> shown)
    {
        Rows = rows;
        Shown = [.. shown];
        var groups = new List<MaskGroup>();
        int corner = 0;
        for (int start = 0; start < shown.Count;)
        {
            int end = start + 1;
            while (end < shown.Count && shown[end] >= shown[end - 1])
            {
                end++;
            }

            int count = Math.Clamp((end - start) / FewestColumns, 1, GroupsOfRun);
            for (int index = 0; index < count; index++)
            {
                int first = start + (int)((long)(end - start) * index / count);
                int last = start + (int)((long)(end - start) * (index + 1) / count);
                var group = new MaskGroup(first, last - first, shown[first], shown[last - 1], corner);
                groups.Add(group);
                corner = checked(corner + (group.CornerRows * group.Columns));
            }

            start = end;
        }

        Groups = groups;
        CornerLength = corner;
    }

    /// <summary>Rows of the mask.</summary>
    public int Rows { get; }

    /// <summary>Columns of the mask.</summary>
    public int Columns => Shown.Count;

    /// <summary>How many first rows each column shows.</summary>
    public IReadOnlyList<int> Shown { get; }

    /// <summary>The groups, in the order of their columns.</summary>
    public IReadOnlyList<MaskGroup> Groups { get; }

    /// <summary>Numbers of all corners together.</summary>
    public int CornerLength { get; }

    /// <summary>Of a group, how many first columns hide a row.</summary>
    public int HiddenColumns(MaskGroup group, int row)
    {
        int hidden = 0;
        while (hidden < group.Columns && Shown[group.First + hidden] <= row)
        {
            hidden++;
        }

        return hidden;
    }
}
