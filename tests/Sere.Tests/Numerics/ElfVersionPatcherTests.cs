using Sere.Numerics;
using Xunit;

namespace Sere.Tests.Numerics;

public sealed class ElfVersionPatcherTests
{
    private const string Library = "libstdc++.so.6";
    private const string Version = "GLIBCXX_3.4.32";

    [Fact]
    public void The_only_entry_of_a_file_is_made_weak_and_nothing_else_changes()
    {
        byte[] file = new ElfBuilder().Need(Library, (Version, 0, 5)).Build();
        AssertOnlyFlagChanges(file, ExpectedFlag(file, needIndex: 0, versionIndex: 0, precedingVersions: 0));
    }

    [Fact]
    public void The_right_one_of_several_entries_is_made_weak()
    {
        // The same version name under another library, and names that begin or end alike, must be left alone.
        byte[] file = new ElfBuilder()
            .Need("libm.so.6", (Version, 0, 2), ("GLIBC_2.2.5", 0, 3))
            .Need(Library, ("GLIBCXX_3.4.3", 0, 4), ("GLIBCXX_3.4.321", 0, 5), (Version, 0, 6), ("CXXABI_1.3", 0, 7))
            .Need("libc.so.6", ("GLIBC_2.34", 0, 8))
            .Build();
        AssertOnlyFlagChanges(file, ExpectedFlag(file, needIndex: 1, versionIndex: 2, precedingVersions: 2));
    }

    [Fact]
    public void Other_flags_of_the_entry_stay()
    {
        byte[] file = new ElfBuilder().Need(Library, (Version, 4, 5)).Build();
        ElfVersionRequirement requirement = Required(file);
        Assert.Equal(6, ElfVersionPatcher.MakeWeak(file, requirement)[requirement.FlagsOffset]);
    }

    [Fact]
    public void An_entry_that_is_weak_already_is_reported_as_such_and_patching_changes_nothing()
    {
        byte[] file = new ElfBuilder().Need(Library, (Version, 2, 5)).Build();
        ElfVersionRequirement requirement = Required(file);
        Assert.True(requirement.IsWeak);
        Assert.Equal(file, ElfVersionPatcher.MakeWeak(file, requirement));
        byte[] strong = new ElfBuilder().Need(Library, (Version, 0, 5)).Build();
        Assert.False(Required(strong).IsWeak);
        Assert.True(Required(ElfVersionPatcher.MakeWeak(strong, Required(strong))).IsWeak);
    }

    [Fact]
    public void A_version_that_is_not_asked_for_is_not_found()
    {
        Assert.Null(ElfVersionPatcher.Find(new ElfBuilder().Build(), Library, Version));
        byte[] file = new ElfBuilder().Need(Library, ("GLIBCXX_3.4.30", 0, 5)).Need("libc.so.6", (Version, 0, 6)).Build();
        Assert.Null(ElfVersionPatcher.Find(file, Library, Version));
    }

    [Fact]
    public void A_version_is_used_when_a_relocation_names_one_of_its_symbols()
    {
        // Bit 15 of a symbol's version hides the symbol; it is no part of the index.
        Assert.False(Required(new ElfBuilder().Need(Library, (Version, 0, 5)).Symbol(5, relocated: false).Build()).IsUsed);
        Assert.False(Required(new ElfBuilder().Need(Library, (Version, 0, 5)).Symbol(4, relocated: true).Build()).IsUsed);
        Assert.True(Required(new ElfBuilder().Need(Library, (Version, 0, 5)).Symbol(5, relocated: true).Build()).IsUsed);
        Assert.True(
            Required(new ElfBuilder().Need(Library, (Version, 0, 5)).Symbol(0x8005, relocated: true).Build()).IsUsed);
    }

    [Fact]
    public void A_file_cut_off_at_any_length_is_refused()
    {
        byte[] file = Sample();
        for (int length = 0; length < file.Length; length++)
        {
            Assert.Throws<ElfFormatException>(() => ElfVersionPatcher.Find(file.AsSpan(0, length), Library, Version));
        }
    }

    [Fact]
    public void Any_damaged_byte_is_survived_or_refused()
    {
        byte[] file = Sample();
        for (int place = 0; place < file.Length; place++)
        {
            foreach (byte value in (byte[])[0, 1, 0x7f, 0x80, 0xff])
            {
                byte[] damaged = (byte[])file.Clone();
                damaged[place] = value;
                Exception? failure = Record.Exception(() => ElfVersionPatcher.Find(damaged, Library, Version));
                Assert.True(failure is null or ElfFormatException, $"byte {place} = {value}: {failure}");
            }
        }
    }

    [Fact]
    public void An_entry_that_reaches_beyond_its_section_is_refused()
    {
        byte[] file = new ElfBuilder().Need(Library, ("GLIBCXX_3.4", 0, 5)).Build();
        int length = file.Length - (6 * 64) + (2 * 64) + 0x20;
        file[length] -= 4;
        Assert.Contains("beyond its section", Refused(file), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_such_a_file_is_refused_with_a_reason()
    {
        byte[] small = Sample();
        small[4] = 1;
        byte[] bigEndian = Sample();
        bigEndian[5] = 2;
        byte[] windows = Sample();
        "MZ\0\0"u8.CopyTo(windows);
        Assert.Contains("64-bit", Refused(small), StringComparison.Ordinal);
        Assert.Contains("little-endian", Refused(bigEndian), StringComparison.Ordinal);
        Assert.Contains("not an ELF file", Refused(windows), StringComparison.Ordinal);
        Assert.Contains("not an ELF file", Refused([]), StringComparison.Ordinal);
    }

    [Fact]
    public void The_length_that_loading_needs_is_that_of_the_loaded_segments()
    {
        byte[] file = Sample();
        int segments = file.Length - (6 * 64);
        Assert.Equal((ulong)segments, ElfSegments.LengthToLoad(file));
        for (int length = 0; length < 64 + 56; length++)
        {
            Assert.Throws<ElfFormatException>(() => ElfSegments.LengthToLoad(file.AsSpan(0, length)));
        }

        file.AsSpan(64 + 8, 8).Fill(0xff);
        Assert.Equal(ulong.MaxValue, ElfSegments.LengthToLoad(file));
    }

    private static byte[] Sample() =>
        new ElfBuilder()
            .Need("libm.so.6", ("GLIBC_2.2.5", 0, 2))
            .Need(Library, ("GLIBCXX_3.4", 0, 3), (Version, 0, 4))
            .Symbol(3, relocated: true)
            .Symbol(4, relocated: false)
            .Build();

    private static ElfVersionRequirement Required(byte[] file) =>
        Assert.NotNull(ElfVersionPatcher.Find(file, Library, Version));

    private static string Refused(byte[] file) =>
        Assert.Throws<ElfFormatException>(() => ElfVersionPatcher.Find(file, Library, Version)).Message;

    // The builder writes the strings first, then one record of 16 bytes for each library, each followed by its entries.
    private static int ExpectedFlag(byte[] file, int needIndex, int versionIndex, int precedingVersions)
    {
        int table = file.Length - (6 * 64);
        int needs = (int)BitConverter.ToUInt64(file, table + (2 * 64) + 0x18);
        return needs + (16 * (needIndex + precedingVersions + 1 + versionIndex)) + 4;
    }

    private static void AssertOnlyFlagChanges(byte[] file, int place)
    {
        byte[] before = (byte[])file.Clone();
        ElfVersionRequirement requirement = Required(file);
        byte[] patched = ElfVersionPatcher.MakeWeak(file, requirement);
        Assert.Equal(place, requirement.FlagsOffset);
        Assert.Equal(before, file);
        Assert.Equal(file.Length, patched.Length);
        Assert.Equal([place], Enumerable.Range(0, file.Length).Where(i => file[i] != patched[i]));
        Assert.Equal(2, patched[place]);
    }
}
