using ScottPlot;
using Sere.Runs.Pictures;
using SkiaSharp;
using Xunit;

namespace Sere.Tests.Runs.Pictures;

public sealed class ChartTests
{
    [Fact]
    public void Every_text_of_a_chart_uses_the_font_of_the_library_so_that_it_shows_without_system_fonts()
    {
        using Plot plot = Chart.Create("title", "x", "y");
        Chart.ShowLegend(plot, Alignment.LowerRight);
        string[] names =
        [
            plot.Axes.Title.Label.FontName, plot.Axes.Bottom.Label.FontName, plot.Axes.Left.Label.FontName,
            plot.Axes.Bottom.TickLabelStyle.FontName, plot.Axes.Left.TickLabelStyle.FontName, plot.Legend.FontName!,
        ];
        Assert.All(names, name => Assert.Equal(PictureFont.Name, name));
        Assert.Same(PictureFont.Regular, ScottPlot.Fonts.GetTypeface(PictureFont.Name, bold: false, italic: false));
        Assert.Same(PictureFont.SemiBold, ScottPlot.Fonts.GetTypeface(PictureFont.Name, bold: true, italic: false));
    }

    [Fact]
    public void The_font_draws_all_that_a_label_may_need()
    {
        const string Needed = "ABCXYZabcxyz0123456789.,:;()[]{}+-−×/=%'\"_#@&–…éüñßÅαβγεθλμσφψωΔΣΩ±≤≥≈∞";
        foreach (SKTypeface typeface in new[] { PictureFont.Regular, PictureFont.SemiBold })
        {
            Assert.True(typeface.ContainsGlyphs(Needed));
            using var font = new SKFont(typeface, 20);
            Assert.InRange(font.MeasureText("nats"), 20, 60);
        }
    }

    [Fact]
    public void Colours_repeat_with_another_line()
    {
        Assert.Equal(8, Enumerable.Range(0, 8).Select(Chart.ColorOf).Distinct().Count());
        Assert.Equal(Chart.ColorOf(0), Chart.ColorOf(8));
        Assert.NotEqual(Chart.PatternOf(0), Chart.PatternOf(8));
    }

    [Fact]
    public void A_long_text_is_first_made_smaller_and_then_shorter()
    {
        const string Text = "a title of some length";
        var natural = FittedText.Of(Text, PictureFont.Regular, 20, 1000);
        Assert.Equal((Text, 20f), (natural.Text, natural.Size));
        using var font = new SKFont(PictureFont.Regular, 20);
        float width = font.MeasureText(Text);

        var smaller = FittedText.Of(Text, PictureFont.Regular, 20, width * 0.9f);
        Assert.Equal(Text, smaller.Text);
        Assert.InRange(smaller.Size, 17.5f, 18.5f);

        var shorter = FittedText.Of(Text, PictureFont.Regular, 20, width * 0.4f);
        Assert.StartsWith("a title", shorter.Text, StringComparison.Ordinal);
        Assert.EndsWith("...", shorter.Text, StringComparison.Ordinal);
        font.Size = shorter.Size;
        Assert.InRange(font.MeasureText(shorter.Text), 1, width * 0.4f);
    }

    [Theory]
    [InlineData(-1234.5, 1, "−1,234.5")]
    [InlineData(-0.0001, 1, "0.0")]
    [InlineData(4, 2, "4.00")]
    public void Numbers_have_a_true_minus_sign_and_a_fixed_count_of_decimals(double value, int decimals, string text) =>
        Assert.Equal(text, EvenTicks.Format(value, decimals));

    [Fact]
    public void The_ticks_of_an_axis_have_equal_decimals()
    {
        using Plot plot = Chart.Create("title", "x", "y");
        plot.Axes.SetLimits(0, 1, 3.1, 4.9);
        plot.GetImageBytes(Chart.Width, Chart.Height);
        string[] labels = [.. plot.Axes.Left.TickGenerator.Ticks.Select(tick => tick.Label)];
        Assert.Contains("4.0", labels, StringComparer.Ordinal);
        Assert.All(labels, label => Assert.Matches(@"^\d\.\d$", label));
    }

    [Theory]
    [InlineData(0.9, 0.9, Alignment.LowerRight)]
    [InlineData(0.9, 0.1, Alignment.UpperRight)]
    [InlineData(0.1, 0.1, Alignment.LowerRight)]
    public void The_legend_avoids_the_lines(double x, double y, Alignment expected) =>
        Assert.Equal(expected, LegendCorner.Best([new Coordinates(x, y)], new AxisLimits(0, 1, 0, 1), 0.3, 0.3));
}
