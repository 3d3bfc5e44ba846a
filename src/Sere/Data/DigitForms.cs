using System.Globalization;

namespace Sere.Data;

/// <summary>
/// The strokes by which each digit is written. A form is a text: points "x,y" on a page that is 100 high and about 65
/// wide, y downwards; a pen stroke is a smooth curve through its points, with a corner at each point marked "!"; "/"
/// lifts the pen.
/// </summary>
internal static class DigitForms
{
    /// <summary>The forms of each digit; a form that people write more often is listed more often.</summary>
    private static readonly string[][] Texts =
    [
        [
            "46,5 24,4 7,30 5,62 16,91 35,98 56,84 65,52 60,18 42,3",
            "38,2 18,15 8,46 14,82 32,99 50,86 58,52 52,18 34,3 24,10",
            "26,6 8,30 5,64 18,95 40,97 60,72 62,34 48,8 28,2 18,14",
        ],
        [
            "36,0 35,50 34,100",
            "36,0 35,50 34,100",
            "36,0 35,50 34,100",
            "36,0 35,50 34,100",
            "24,22 37,2! 37,50 36,100",
            "17,31 37,2! 37,50 36,100",
            "17,25 38,2! 37,50 37,98 / 12,99 62,98",
        ],
        [
            "8,24 20,6 40,2 56,17 54,40 34,68 7,96! 36,96 68,94",
            "8,22 22,5 42,3 57,19 52,45 34,73 15,93 5,87 13,75 29,83 46,95 68,88",
            "10,15 34,2 56,17 49,47 26,78 9,97! 28,89 48,96 68,87",
        ],
        [
            "8,12 28,2 52,10 52,31 28,46! 56,58 60,82 36,99 6,90",
            "10,5 58,3! 30,41! 54,51 62,75 40,98 8,90",
            "10,10 36,2 55,17 43,38 25,46 36,50 59,65 55,90 26,99 6,87",
        ],
        [
            "15,3 7,53! 36,52 66,49 / 52,22 49,60 46,100",
            "47,0 26,34 4,65! 36,64 68,61 / 48,2 47,50 46,100",
            "11,4 8,34 17,53 38,53 56,40 / 59,3 54,50 49,100",
        ],
        [
            "20,5 14,45! 36,38 58,53 58,80 34,98 6,89 / 20,5 62,2",
            "60,2 22,5! 15,44! 36,38 58,54 56,82 32,98 6,88",
            "26,14 16,45! 34,41 54,56 52,82 28,98 4,91 / 25,13 46,9 66,1",
            "60,4 32,5 16,26 31,45 53,60 53,86 28,98 6,87",
        ],
        [
            "50,2 24,26 8,58 12,88 34,99 56,84 50,61 30,57 11,76",
            "35,0 18,36 10,68 18,94 40,98 54,81 44,63 25,64 11,82",
            "58,9 38,3 15,29 6,66 20,95 44,97 60,78 48,58 26,60 9,78",
        ],
        [
            "6,9 34,6 61,4! 45,46 31,100",
            "5,13 26,5 60,6! 42,40 32,70 29,100",
            "8,23 9,7! 36,6 60,4! 38,50 28,100",
            "6,8 34,6 61,5! 46,46 32,100 / 22,53 58,48",
        ],
        [
            "56,13 35,1 15,14 21,35 42,53 58,76 44,97 20,97 9,78 22,57 44,39 57,18 46,4",
            "12,14 32,1 53,14 47,35 28,53 10,76 24,97 46,97 58,79 45,57 24,38 12,19 22,4",
            "34,2 15,11 16,36 34,46 52,36 54,13 32,2 / 34,46 11,58 9,86 34,99 59,87 57,60 33,46",
        ],
        [
            "55,15 35,2 13,14 10,38 29,50 51,35 56,9! 53,56 47,100",
            "56,20 39,2 15,13 12,39 33,48 54,27 57,13 58,50 48,88 23,98 8,88",
            "53,8 29,4 10,23 19,44 43,37 57,9! 45,56 34,100",
        ],
    ];

    /// <summary>For each digit its forms, each a list of strokes, each a list of points.</summary>
    public static IReadOnlyList<StrokePoint[][][]> All { get; } =
        Array.ConvertAll(Texts, forms => Array.ConvertAll(forms, ParseForm));

    private static StrokePoint[][] ParseForm(string form) => Array.ConvertAll(form.Split('/'), ParseStroke);

    private static StrokePoint[] ParseStroke(string stroke) =>
        Array.ConvertAll(stroke.Split(' ', StringSplitOptions.RemoveEmptyEntries), ParsePoint);

    private static StrokePoint ParsePoint(string point)
    {
        string[] parts = point.TrimEnd('!').Split(',');
        return new StrokePoint(
            int.Parse(parts[0], CultureInfo.InvariantCulture),
            int.Parse(parts[1], CultureInfo.InvariantCulture),
            point.EndsWith('!'));
    }
}
