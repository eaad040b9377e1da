using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Api.Tests.Wire;

/// <summary>
/// Tokens for requests that need one. A request names it: <c>{token:batch-worker}</c> is a service's access token and
/// <c>{refresh:…}</c> its refresh token, <c>{person:alice}</c>, <c>{person-refresh:…}</c> and <c>{person-id:…}</c> are those
/// of somebody who signs in. Within one case, the same name is the same token.
/// </summary>
internal sealed partial class WireTokens(HttpClient http, Uri server)
{
    private readonly Dictionary<string, string> _tokens = new(StringComparer.Ordinal);

    public async Task<string> FillAsync(string text)
    {
        foreach (Match match in Name().Matches(text))
        {
            text = text.Replace(
                match.Value, await TokenAsync(match.Groups["kind"].Value, match.Groups["who"].Value), StringComparison.Ordinal);
        }

        return text;
    }

    private async Task<string> TokenAsync(string kind, string who)
    {
        if (!_tokens.TryGetValue($"{kind} {who}", out var token))
        {
            using var answer = await AskAsync(isPerson: kind.StartsWith("person", StringComparison.Ordinal), who);
            var member = kind switch { "token" or "person" => "access_token", "person-id" => "id_token", _ => "refresh_token" };
            _tokens[$"{kind} {who}"] = token = answer.RootElement.GetProperty(member).GetString()!;
        }

        return token;
    }

    private async Task<JsonDocument> AskAsync(bool isPerson, string who)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, "/realms/facts/protocol/openid-connect/token"));
        request.Content = new FormUrlEncodedContent(isPerson
            ? [new("grant_type", "password"), new("client_id", "cli"), new("username", who), new("password", who), new("scope", "openid")]
            : new Dictionary<string, string>(StringComparer.Ordinal) { ["grant_type"] = "client_credentials" });
        if (!isPerson)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{who}:{who}-secret")));
        }

        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"No token for {who}: {body}");
        return JsonDocument.Parse(body);
    }

    [GeneratedRegex(
        @"\{(?<kind>token|refresh|person|person-refresh|person-id):(?<who>[\w-]+)\}", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Name();
}
