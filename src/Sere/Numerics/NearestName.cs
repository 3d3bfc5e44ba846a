namespace Sere.Numerics;

/// <summary>Suggests the known name that a user most likely meant.</summary>
public static class NearestName
{
    private const int MaximumLength = 128;

    /// <summary>
    /// Finds the known name with the smallest edit distance (insertion, deletion, substitution and exchange of two
    /// neighbours, each at cost one, letters compared without case) to a misspelt one. A name that contains the other
    /// counts as near as well, so that "layer.count" still leads to "layers".
    /// </summary>
    /// <param name="name">The name that was not found.</param>
    /// <param name="known">The names that exist; of two equally near ones the earlier wins.</param>
    /// <returns>The nearest name, or null where nothing is near enough to be worth suggesting.</returns>
    public static string? Find(string name, IEnumerable<string> known)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(known);
        // The name comes from a file and may be of any length; the work is quadratic in it.
        if (name.Length is 0 or > MaximumLength)
        {
            return null;
        }

        string? nearest = null;
        int smallest = int.MaxValue;
        foreach (string candidate in known)
        {
            int distance = Distance(name.ToUpperInvariant(), candidate.ToUpperInvariant());
            int allowed = Math.Max(2, Math.Max(name.Length, candidate.Length) / 3);
            bool related = distance <= allowed && distance < Math.Max(name.Length, candidate.Length);
            if ((related || Contains(name, candidate)) && distance < smallest)
            {
                smallest = distance;
                nearest = candidate;
            }
        }

        return nearest;
    }

    private static bool Contains(string name, string candidate) =>
        Math.Min(name.Length, candidate.Length) >= 3
        && (name.Contains(candidate, StringComparison.OrdinalIgnoreCase)
            || candidate.Contains(name, StringComparison.OrdinalIgnoreCase));

    private static int Distance(string left, string right)
    {
        int[] beforeLast = new int[right.Length + 1];
        int[] last = new int[right.Length + 1];
        int[] current = new int[right.Length + 1];
        for (int column = 0; column <= right.Length; column++)
        {
            last[column] = column;
        }

        for (int row = 1; row <= left.Length; row++)
        {
            current[0] = row;
            for (int column = 1; column <= right.Length; column++)
            {
                int substitution = last[column - 1] + (left[row - 1] == right[column - 1] ? 0 : 1);
                int best = Math.Min(substitution, Math.Min(last[column], current[column - 1]) + 1);
                bool exchanged = row > 1 && column > 1
                    && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1];
                current[column] = exchanged ? Math.Min(best, beforeLast[column - 2] + 1) : best;
            }

            (beforeLast, last, current) = (last, current, beforeLast);
        }

        return last[right.Length];
    }
}
