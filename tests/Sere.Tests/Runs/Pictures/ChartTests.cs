using ScottPlot;
using Sere.Runs.Pictures;
using SkiaSharp;
using Xunit;

namespace Sere.Tests.Runs.Pictures;

public sealed class ChartTests : FolderTests
{
    [Fact]
    public void Every_text_of_a_chart_uses_the_font_of_the_library_so_that_it_shows_without_system_fonts()
    {
        using Plot plot = Chart.Create("title", "x", "y");
        plot.Add.Line(0, 0, 1, 1).LegendText = "line";
        Chart.Save(plot, _folder.File("chart.png"));
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
    public void A_long_name_is_shortened()
    {
        Assert.Equal("a name", Chart.Name("a name"));
        string shortened = Chart.Name(new string('x', 200));
        Assert.InRange(shortened.Length, 20, 60);
        Assert.EndsWith("...", shortened, StringComparison.Ordinal);
    }
}
