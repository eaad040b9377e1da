using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using KeycloakAccess.Hosting;

namespace KeycloakAccess.AuthZen;

// A token holds where the page before ended and a fingerprint of the query: with another query it is refused (AuthZEN, section 8.2). It is
// not signed: a forged one reads a part of a list that the caller may read. A Cursor is bound to an order, and not to a query.
internal sealed class SearchPaging
{
    private const int DefaultLimit = 100;
    private const int MostResults = 200;
    private const int LongestToken = 4096;
    private const int ChecksumLength = 8;
    private const string NoToken = "page.token must be the next_token of the page before. Leave it out to start again.";

    private readonly Token _token;

    private SearchPaging(Token token) => _token = token;

    /// <summary>How many to read: one for a page of none, to know whether there is any.</summary>
    public int Limit => Math.Max(1, Allowed);

    public string? After => _token.After.Length == 0 ? null : _token.After;

    private int Allowed => (int)Math.Min(_token.Limit ?? DefaultLimit, MostResults);

    public static SearchPaging? Open(SearchPageRequest? page, string query, string? properties, Mistakes mistakes)
    {
        if (page?.Limit is < 0)
        {
            mistakes.Add("page.limit", "page.limit must not be negative.");
            return null;
        }

        if (page?.Token is null)
        {
            return new SearchPaging(new Token(query, page?.Limit, properties, After: ""));
        }

        // An empty one, which next_token is on the last page, is no token either.
        if (Parse(page.Token) is not { } token)
        {
            mistakes.Add("page.token", NoToken);
            return null;
        }

        // A request for a further page may leave the limit out, as the examples of section 8.2.3 do, but not change it.
        if (token.Query != query
            || (page.Limit is not null && page.Limit != token.Limit)
            || (properties is not null && properties != token.Properties))
        {
            mistakes.Add("page.token", "page.token belongs to another query. Send everything else as it was in the request that gave it.");
            return null;
        }

        return new SearchPaging(token);
    }

    public static IResult Refuse() => QueryParameters.Mistake("page.token", NoToken);

    public (IReadOnlyList<T> Items, SearchPageResponse Page) Close<T>(IReadOnlyList<T> items, string? next)
    {
        if (Allowed > 0)
        {
            return (items, new SearchPageResponse(next is null ? "" : Write(_token with { After = next }), items.Count));
        }

        return ([], new SearchPageResponse(items.Count == 0 && next is null ? "" : Write(_token), 0));
    }

    private static string Write(Token token)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(token);
        return Base64Url.EncodeToString([.. Checksum(bytes), .. bytes]);
    }

    private static Token? Parse(string text)
    {
        if (text.Length > LongestToken || !Base64Url.IsValid(text))
        {
            return null;
        }

        var bytes = Base64Url.DecodeFromChars(text);
        if (bytes.Length <= ChecksumLength
            || !Checksum(bytes.AsSpan(ChecksumLength)).AsSpan().SequenceEqual(bytes.AsSpan(0, ChecksumLength)))
        {
            return null;
        }

        try
        {
            var parsed = JsonSerializer.Deserialize<Token>(bytes.AsSpan(ChecksumLength));
            return parsed is { Query: not null, After: not null, Limit: null or >= 0 } token
                && !token.After.Contains('\0', StringComparison.Ordinal)
                ? token
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // Detects damage, not forgery.
    private static byte[] Checksum(ReadOnlySpan<byte> bytes) => SHA256.HashData(bytes)[..ChecksumLength];

    private sealed record Token(string Query, long? Limit, string? Properties, string After);
}
