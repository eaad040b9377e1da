using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Api.Tests.Infrastructure;

namespace Api.Tests.Realm;

/// <summary>
/// The base of the contract: every check runs from the same class against the embedded realm and against a real Keycloak.
/// Where the two differ, Keycloak is right.
/// </summary>
public abstract class RealmTests(RealmUnderTest realm) : IAsyncLifetime
{
    protected RealmUnderTest Realm => realm;

    public ValueTask InitializeAsync() => new(realm.StartAsync());

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>The members of a JSON object are exactly these, in any order.</summary>
    protected static void AssertMembers(string expected, JsonElement actual) =>
        AssertWords(expected, string.Join(' ', actual.EnumerateObject().Select(member => member.Name)));

    /// <summary>The words of a text are exactly these, in any order and with or without commas: Keycloak's sets have no order.</summary>
    protected static void AssertWords(string expected, string? actual) => Assert.Equal(Sort(expected), Sort(actual ?? "(absent)"));

    /// <summary>The text of an element, as a browser shows it.</summary>
    protected static string? Words(AngleSharp.Dom.IElement? element) => element is null
        ? null
        : string.Join(' ', element.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    /// <summary>A JSON array of texts, in any order.</summary>
    protected static void AssertSet(string expected, JsonElement actual) =>
        AssertWords(expected, string.Join(' ', actual.EnumerateArray().Select(item => item.GetString())));

    /// <summary>A duration in seconds. Keycloak reads its clock more than once for an answer, so a second may be lost or won.</summary>
    protected static void AssertSeconds(long expected, long actual) => Assert.InRange(actual, expected - 1, expected + 1);

    protected static void AssertError(RealmAnswer answer, HttpStatusCode status, string error, string? description)
    {
        Assert.Equal(
            $"{(int)status} {error}: {description}",
            $"{(int)answer.Status} {Member("error")}: {Member("error_description")}");
        AssertMembers(description is null ? "error" : "error error_description", answer.Json);
        Assert.Equal("application/json", answer.Header("Content-Type"));

        string? Member(string name) =>
            answer.Text.StartsWith('{') && answer.Json.TryGetProperty(name, out var value) ? value.GetString() : null;
    }

    /// <summary>An error page of the realm, with Keycloak's sentence.</summary>
    protected static void AssertErrorPage(RealmAnswer answer, HttpStatusCode status, string instruction)
    {
        Assert.Equal($"{(int)status} {instruction}", $"{(int)answer.Status} {answer.Instruction}");
        Assert.Equal("text/html;charset=utf-8", answer.Header("Content-Type"));
    }

    /// <summary>
    /// A redirect to the client with exactly these parameters, in this order: name=value as sent, or a name alone for any value.
    /// </summary>
    protected static IReadOnlyDictionary<string, string> AssertRedirect(RealmAnswer answer, string target, params string[] parameters)
    {
        Assert.True(answer.Status is HttpStatusCode.Redirect, answer.ToString());
        var location = answer.Header("Location")!;
        Assert.StartsWith(target, location, StringComparison.Ordinal);
        var sent = location[target.Length..].Split('&').Select(pair => pair.Split('=', 2)).ToList();
        var expected = parameters.ToDictionary(
            parameter => parameter.Split('=', 2)[0],
            parameter => parameter.Split('=', 2) is [_, var value] ? value : null,
            StringComparer.Ordinal);
        Assert.Equal(
            string.Join('&', parameters),
            string.Join('&', sent.Select(pair =>
                expected.TryGetValue(pair[0], out var value) && value is null ? pair[0] : string.Join('=', pair))));
        return sent.ToDictionary(pair => pair[0], pair => WebUtility.UrlDecode(pair[1]), StringComparer.Ordinal);
    }

    /// <summary>The issuer as redirects carry it.</summary>
    protected string EncodedIssuer => WebUtility.UrlEncode(Realm.Issuer);

    /// <summary>OpenID Connect Core section 3.1.3.6, for RS256.</summary>
    protected static string AccessTokenHash(string accessToken) =>
        Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(accessToken)).AsSpan(0, 16));

    private static string Sort(string words) =>
        string.Join(' ', words.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
}
