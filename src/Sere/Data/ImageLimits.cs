namespace Sere.Data;

/// <summary>What images can be held in memory.</summary>
internal static class ImageLimits
{
    /// <summary>Refuses a size that no image can be brought to.</summary>
    /// <exception cref="UsageException">The height or the width cannot be had.</exception>
    public static void RequirePossible(ImageShape? resize)
    {
        if (resize is { } target
            && (target.Height < 1 || target.Width < 1 || (long)target.Height * target.Width > PictureFile.MostPixels))
        {
            throw new UsageException(
                $"Images cannot be resized to a height of {target.Height} and a width of {target.Width}; ask for at "
                + $"least 1 and for at most {PictureFile.MostPixels} pixels.");
        }
    }

    /// <summary>Refuses more values than an array holds.</summary>
    /// <param name="values">How many values there are.</param>
    /// <param name="source">What the images are, for the error.</param>
    /// <exception cref="SereException">There are too many.</exception>
    public static void RequireTotal(long values, string source)
    {
        if (values > Array.MaxLength)
        {
            throw new SereException(
                $"The images of '{source}' have more than {Array.MaxLength} values; use fewer or smaller images.");
        }
    }
}
