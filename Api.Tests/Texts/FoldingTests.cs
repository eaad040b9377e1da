using System.Data.Common;
using System.Text.Json;
using Api.Tests.Infrastructure;
using CsCheck;
using Dapper;
using KeycloakAccess.Data;
using KeycloakAccess.Texts;

namespace Api.Tests.Texts;

/// <summary>What a search takes for equal: without case and accents, in every script, and the same on both engines.</summary>
public sealed class FoldingTests
{
    private static readonly int[] Characters =
    [
        // SQLite's JSON functions, by which the texts get there, leave out U+99999.
        .. Enumerable.Range(1, 0x10FFFF).Where(character => character is < 0xD800 or (> 0xDFFF and not 0x99999)),
    ];

    private static readonly Gen<string> Names = Gen.OneOf(
            Gen.Char.AlphaNumeric.Select(letter => letter.ToString()),
            Gen.OneOf("'", "’", " ", "-", "–", "ß", "İ", "ı", "ς", "Σ", "é", "e\u0301", "\u0323", "\u0307", "ﬁ", "Ǆ", "\u0345", "ｶ"),
            Gen.Int[0x370, 0x6FF].Select(char.ConvertFromUtf32),
            Gen.Int[0x900, 0x11FF].Select(char.ConvertFromUtf32),
            Gen.Int[0x1E00, 0x22FF].Select(char.ConvertFromUtf32),
            Gen.Int[0xAC00, 0xD7A3].Select(char.ConvertFromUtf32),
            Gen.Int[0xF900, 0xFFFD].Select(char.ConvertFromUtf32),
            Gen.Int[0x10400, 0x10FFF].Select(char.ConvertFromUtf32))
        .Array[0, 12].Select(string.Concat);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Линус", "лин")]
    [InlineData("Überfahrt", "überfahrt")]
    [InlineData("Überfahrt", "uberfahrt")]
    [InlineData("Überfahrt", "U\u0308BER")]
    [InlineData("O’Brien", "brien")]
    [InlineData("O’Brien", "o'brien")]
    [InlineData("O'Brien", "O`BRIEN")]
    [InlineData("Straße", "strasse")]
    [InlineData("STRASSE", "straße")]
    [InlineData("İstanbul", "istanbul")]
    [InlineData("istanbul", "İSTANBUL")]
    [InlineData("Isparta", "ısparta")]
    [InlineData("ΛΊΝΟΣ", "λίνος")]
    [InlineData("λίνος", "ΛΙΝΟΣ")]
    [InlineData("שָׁלוֹם", "שלום")]
    [InlineData("مُحَمَّد", "محمد")]
    [InlineData("Łódź", "lodz")]
    [InlineData("Ærøskøbing", "aeroskobing")]
    [InlineData("Nguyễn", "nguyen")]
    [InlineData("ﬁnance", "FIN")]
    [InlineData("Ｆｕｌｌ", "full")]
    [InlineData("\u1112\u1161\u11ab글", "한글")]
    [InlineData("𐐀𐐁", "𐐨𐐩")]
    public void A_search_finds(string text, string search) => Assert.True(Folding.Holds(text, search));

    [Theory]
    [InlineData("Linus", "лин")]
    [InlineData("が", "か")]
    [InlineData("की", "का")]
    [InlineData("Dune", "\u0301")]
    [InlineData("Dune", "")]
    [InlineData("Dune", "%")]
    public void A_search_does_not_find(string text, string search) => Assert.False(Folding.Holds(text, search));

    [Fact]
    public void Latin_letters_are_folded_as_any_others_whatever_stands_beside_them()
    {
        var letters = Enumerable.Range(1, Folding.LastLatin).Select(character => ((char)character).ToString()).ToArray();
        foreach (var one in letters)
        {
            var all = string.Concat(letters.Select(other => one + other));
            Assert.Equal(Folding.FoldAny(all), Folding.Fold(all));
        }
    }

    [Fact]
    public void Half_a_character_is_read_as_one_that_is_not_known() => Assert.Equal("a\ufffd", Folding.Fold("A\ud800"));

    [Theory]
    [InlineData("e\u0301", "é")]
    [InlineData("a\u0323\u0302", "ậ")]
    [InlineData("a\u0302\u0323", "ậ")]
    [InlineData("\u1112\u1161\u11ab", "한")]
    [InlineData("\u212b", "Å")]
    [InlineData("\u0958", "\u0915\u093c")]
    [InlineData("\ufb01", "\ufb01")]
    [InlineData("a\ud800", "a\ud800")]
    [InlineData("", "")]
    public void Texts_are_brought_into_form_C(string text, string expected) => Assert.Equal(expected, Normalization.ToFormC(text));

    [Fact]
    public async Task Both_engines_fold_and_normalize_every_character_alike()
    {
        await using var postgreSql = await OpenAsync(DatabaseEngine.PostgreSql);
        await using var sqlite = await OpenAsync(DatabaseEngine.Sqlite);
        foreach (var some in Characters.Chunk(20_000))
        {
            string[] texts = [.. some.Select(character => $"a{char.ConvertFromUtf32(character)}")];
            await AssertAlikeAsync(postgreSql.Connection, sqlite.Connection, texts);
        }
    }

    [Fact]
    public async Task Both_engines_fold_and_normalize_any_names_alike()
    {
        await using var postgreSql = await OpenAsync(DatabaseEngine.PostgreSql);
        await using var sqlite = await OpenAsync(DatabaseEngine.Sqlite);
        var names = new List<string>();
        Names.Sample(names.Add, iter: 5000, threads: 1);
        // PostgreSQL takes it, behind a syllable, for the final consonant that it comes before, and loses it.
        names.RemoveAll(name => name.Contains('\u11a7', StringComparison.Ordinal));

        await AssertAlikeAsync(postgreSql.Connection, sqlite.Connection, [.. names]);
    }

    [Fact]
    public void Folding_twice_changes_nothing_and_case_does_not_count() => Names.Sample(name =>
    {
        var folded = Folding.Fold(name);
        return Folding.Fold(folded) == folded
            && Normalization.ToFormC(Normalization.ToFormC(name)) == Normalization.ToFormC(name)
            && Folding.Fold(Normalization.ToFormC(name)) == folded;
    });

    private static async Task AssertAlikeAsync(
        DbConnection postgreSql, DbConnection sqlite, string[] texts)
    {
        var values = new { texts = JsonSerializer.Serialize(texts) };
        var there = (await postgreSql.QueryAsync<(string Folded, string Normalized)>(
            "SELECT folded(value), normalize(value, NFC) FROM json_array_elements_text(CAST(@texts AS json))", values)).AsList();
        var here = (await sqlite.QueryAsync<string>("SELECT folded(value) FROM json_each(@texts)", values)).AsList();

        Assert.Equal(texts.Length, there.Count);
        string[] different =
        [
            .. texts.Select((text, index) => (text, index))
                .Where(each => there[each.index].Folded != Folding.Fold(each.text)
                    || here[each.index] != Folding.Fold(each.text)
                    || there[each.index].Normalized != Normalization.ToFormC(each.text))
                .Select(each => string.Join(' ', each.text.EnumerateRunes().Select(rune => $"{rune.Value:X4}"))
                    + $": {there[each.index].Folded}, {here[each.index]}, {Folding.Fold(each.text)}"),
        ];
        Assert.Empty(different);
    }

    private static async Task<Opened> OpenAsync(DatabaseEngine engine)
    {
        var place = await TestDatabase.CreateMigratedAsync(engine);
        var database = Database.From(place.ConnectionString, AppContext.BaseDirectory);
        return new Opened(place, database, await database.OpenAsync(Cancel));
    }

    private sealed record Opened(TestDatabase Place, Database Database, DbConnection Connection) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Connection.DisposeAsync();
            await Database.DisposeAsync();
            await Place.DisposeAsync();
        }
    }
}
