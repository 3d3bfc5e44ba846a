namespace Sere.Data;

/// <summary>
/// Brings images to another size by linear interpolation, widened to the area of a new pixel where an image shrinks, so
/// that every old pixel counts. Only + - * / are used: the bytes are the same on every machine.
/// </summary>
internal static class PlaneResizer
{
    /// <summary>Resizes every plane of one image.</summary>
    /// <param name="planes">The image, plane by plane, row by row.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="height">The new number of rows.</param>
    /// <param name="width">The new number of columns.</param>
    /// <returns>The new image, plane by plane, row by row.</returns>
    public static byte[] Resize(byte[] planes, ImageShape shape, int height, int width)
    {
        (int First, double[] Weights)[] columns = Weigh(shape.Width, width);
        (int First, double[] Weights)[] rows = Weigh(shape.Height, height);
        byte[] resized = new byte[checked(shape.Channels * height * width)];
        double[] blended = new double[shape.Width];
        for (int row = 0; row < shape.Channels * height; row++)
        {
            (int channel, int targetRow) = Math.DivRem(row, height);
            (int firstRow, double[] rowWeights) = rows[targetRow];
            Array.Clear(blended);
            for (int i = 0; i < rowWeights.Length; i++)
            {
                int start = ((channel * shape.Height) + firstRow + i) * shape.Width;
                Blend(planes.AsSpan(start, shape.Width), rowWeights[i], blended);
            }

            for (int column = 0; column < width; column++)
            {
                (int firstColumn, double[] columnWeights) = columns[column];
                double sum = 0.5;
                for (int i = 0; i < columnWeights.Length; i++)
                {
                    sum += columnWeights[i] * blended[firstColumn + i];
                }

                resized[(row * width) + column] = (byte)Math.Min(sum, 255);
            }
        }

        return resized;
    }

    private static void Blend(ReadOnlySpan<byte> pixels, double weight, Span<double> sums)
    {
        for (int i = 0; i < pixels.Length; i++)
        {
            sums[i] += weight * pixels[i];
        }
    }

    /// <summary>For each new place the first old place that counts and the weights from there on, which sum to 1.</summary>
    private static (int First, double[] Weights)[] Weigh(int oldSize, int newSize)
    {
        double scale = oldSize / (double)newSize;
        double reach = Math.Max(scale, 1);
        var all = new (int First, double[] Weights)[newSize];
        for (int i = 0; i < newSize; i++)
        {
            double centre = (i + 0.5) * scale;
            int first = Math.Max((int)(centre - reach), 0);
            int last = Math.Min((int)(centre + reach), oldSize - 1);
            double[] weights = new double[last - first + 1];
            double sum = 0;
            for (int j = 0; j < weights.Length; j++)
            {
                weights[j] = Math.Max(reach - Math.Abs(first + j + 0.5 - centre), 0);
                sum += weights[j];
            }

            all[i] = (first, Array.ConvertAll(weights, weight => weight / sum));
        }

        return all;
    }
}
