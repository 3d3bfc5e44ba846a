namespace Sere.Data;

/// <summary>Whether a picture shows colour.</summary>
internal enum PictureColour
{
    /// <summary>It is stored as grey values.</summary>
    Grey,

    /// <summary>It is stored in colour and shows none.</summary>
    GreyInColour,

    /// <summary>It shows colour.</summary>
    Coloured,
}
