using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Web;
using AngleSharp.Html.Parser;

namespace Api.Tests.Wire;

/// <summary>
/// An answer as far as a client could notice it, without what differs from run to run. Ids, times, keys, tokens, the
/// server's address and the order of sets are masked. Everything else counts: status, media type, the headers that a client
/// acts on, every member of a JSON body, the claims of every token, the forms and messages of a page.
/// </summary>
internal static partial class WireAnswer
{
    private static readonly HashSet<string> Headers = new(StringComparer.OrdinalIgnoreCase)
    {
        "Cache-Control", "WWW-Authenticate", "Allow", "DPoP-Nonce",
    };

    private static readonly HashSet<string> Times = new(StringComparer.Ordinal)
    {
        "exp", "iat", "nbf", "auth_time", "not-before-policy", "tokens-not-before", "createdTimestamp", "start", "lastAccess", "notBefore",
    };

    private static readonly HashSet<string> Lifetimes = new(StringComparer.Ordinal) { "expires_in", "refresh_expires_in" };

    private static readonly HashSet<string> Opaque = new(StringComparer.Ordinal)
    {
        "kid", "n", "e", "x", "y", "x5c", "x5t", "x5t#S256", "public_key", "jkt", "sid", "sub", "session_state", "code", "access_token",
        "refresh_token", "id_token", "ticket", "reuse_id", "request_uri", "at_hash", "c_hash", "s_hash", "id", "_id", "rsid",
        "session_code", "tab_id", "client_data", "execution", "ath",
    };

    private static readonly JsonSerializerOptions Sorting = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="response">The answer.</param>
    /// <param name="body">Its body.</param>
    /// <param name="server">The address of the server that gave it.</param>
    public static JsonObject Of(HttpResponseMessage response, string body, Uri server)
    {
        var authority = server.GetLeftPart(UriPartial.Authority);
        var answer = new JsonObject { ["status"] = (int)response.StatusCode };
        var headers = response.Headers.Concat(response.Content.Headers)
            .OrderBy(header => header.Key, StringComparer.OrdinalIgnoreCase)
            .ToList();
        var media = response.Content.Headers.ContentType?.MediaType ?? "";
        if (media.Length > 0)
        {
            answer["contentType"] = media;
        }

        foreach (var (name, values) in headers)
        {
            var key = name.ToLowerInvariant();
            if (Headers.Contains(name) || key.StartsWith("access-control-", StringComparison.Ordinal))
            {
                answer[key] = Mask(
                    string.Join(", ", string.Join(",", values).Split(',', StringSplitOptions.TrimEntries).Order(StringComparer.Ordinal)),
                    authority);
            }
            else if (key == "location")
            {
                answer[key] = Address(values.Single(), authority);
            }
            else if (key == "set-cookie")
            {
                answer[key] = new JsonArray([.. values
                    .Select(Cookie)
                    .Distinct(StringComparer.Ordinal)
                    .Order(StringComparer.Ordinal)
                    .Select(line => JsonValue.Create(line))]);
            }
        }

        var tokens = Token()
            .Matches(body)
            .Select(match => Decode(match.Value, authority))
            .OfType<JsonObject>()
            .OrderBy(Text, StringComparer.Ordinal)
            .ToArray();
        if (tokens.Length > 0)
        {
            answer["tokens"] = new JsonArray(tokens);
        }

        if (media.EndsWith("json", StringComparison.Ordinal) && TryParse(body) is { } json)
        {
            answer["body"] = Normal(json, "", authority);
        }
        else if (media == "text/html")
        {
            answer["page"] = Page(body, authority);
        }
        else if (body.Trim().Length > 0)
        {
            answer["body"] = Mask(body.Trim(), authority);
        }

        return answer;
    }

    /// <summary>Every leaf in which two answers differ, as lines.</summary>
    public static IEnumerable<string> Differences(JsonNode? expected, JsonNode? actual, string path = "")
    {
        if (expected is JsonObject left && actual is JsonObject right)
        {
            return left.Select(member => member.Key)
                .Union(right.Select(member => member.Key), StringComparer.Ordinal)
                .Order(StringComparer.Ordinal)
                .SelectMany(name => Differences(left[name], right[name], $"{path}/{name}"));
        }

        return JsonNode.DeepEquals(expected, actual)
            ? []
            : [$"{path}: {(actual is null ? "(absent)" : Text(actual))}, expected {(expected is null ? "(absent)" : Text(expected))}"];
    }

    private static JsonNode? Normal(JsonNode? node, string name, string authority) => node switch
    {
        JsonObject members => new JsonObject(members.OrderBy(member => member.Key, StringComparer.Ordinal)
            .Select(member => KeyValuePair.Create(Mask(member.Key, authority), Normal(member.Value, member.Key, authority)))),
        JsonArray items => new JsonArray([.. items.Select(item => Normal(item, name, authority)).OrderBy(Text, StringComparer.Ordinal)]),
        JsonValue value when Opaque.Contains(name) => JsonValue.Create($"{{{value.GetValueKind().ToString().ToLowerInvariant()}}}"),
        JsonValue value when value.GetValueKind() == JsonValueKind.Number && value.TryGetValue<long>(out var number) =>
            Number(number, name),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => String(value.GetValue<string>(), name, authority),
        null => null,
        _ => node.DeepClone(),
    };

    private static JsonValue Number(long number, string name)
    {
        if (Times.Contains(name))
        {
            return number == 0 ? JsonValue.Create(0) : JsonValue.Create("{time}");
        }

        // A second may pass on the way.
        return JsonValue.Create(Lifetimes.Contains(name) ? (number + 5) / 10 * 10 : number);
    }

    private static JsonValue String(string text, string name, string authority) => name switch
    {
        "jti" => JsonValue.Create(text.Contains(':', StringComparison.Ordinal) ? $"{text.Split(':')[0]}:{{id}}" : "{id}"),
        "scope" => JsonValue.Create(string.Join(' ', text.Split(' ').Order(StringComparer.Ordinal))),
        _ => JsonValue.Create(Mask(text, authority)),
    };

    // Where to, and with which parameters.
    private static JsonObject Address(string url, string authority)
    {
        var fragment = url.IndexOf('#', StringComparison.Ordinal);
        var beforeFragment = fragment < 0 ? url : url[..fragment];
        var query = beforeFragment.IndexOf('?', StringComparison.Ordinal);
        var address = new JsonObject { ["to"] = Mask(query < 0 ? beforeFragment : beforeFragment[..query], authority) };
        AddParameters("query", query < 0 ? "" : beforeFragment[(query + 1)..]);
        AddParameters("fragment", fragment < 0 ? "" : url[(fragment + 1)..]);
        return address;

        void AddParameters(string member, string text)
        {
            if (text.Length > 0)
            {
                var parameters = HttpUtility.ParseQueryString(text);
                var values = parameters.AllKeys.Where(key => key is not null)
                    .Select(key => KeyValuePair.Create(key!, (JsonNode?)JsonValue.Create(parameters[key])));
                address[member] = Normal(new JsonObject(values), "", authority);
            }
        }
    }

    private static string Cookie(string line)
    {
        var parts = line.Split(';', StringSplitOptions.TrimEntries);
        var name = parts[0].Split('=')[0];
        var isEmpty = parts[0][(name.Length + 1)..].Trim('"').Length == 0;
        var attributes = parts.Skip(1).Select(part => part.ToLowerInvariant())
            .Where(part => !part.StartsWith("expires", StringComparison.Ordinal) && !part.StartsWith("version", StringComparison.Ordinal));
        return $"{name}={(isEmpty ? "" : "…")}; {string.Join("; ", attributes.Order(StringComparer.Ordinal))}";
    }

    // What a page asks, and what it says.
    private static JsonObject Page(string html, string authority)
    {
        using var page = new HtmlParser().ParseDocument(html);
        var forms = page.QuerySelectorAll("form").Select(form => (JsonNode)new JsonObject
        {
            ["id"] = form.Id,
            ["method"] = form.GetAttribute("method")?.ToLowerInvariant(),
            ["fields"] = Texts(form.QuerySelectorAll("input[name], button[name]").Select(field => field.GetAttribute("name")!)),
        });
        var says = page.QuerySelectorAll(".instruction, [id^=input-error]:not([id^=input-error-container]), .kc-feedback-text")
            .Select(element => Mask(element.TextContent.Trim(), authority))
            .Where(text => text.Length > 0);
        return new JsonObject { ["forms"] = new JsonArray([.. forms]), ["says"] = Texts(says) };
    }

    private static JsonArray Texts(IEnumerable<string> texts) =>
        new([.. texts.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(text => JsonValue.Create(text))]);

    private static JsonObject? Decode(string token, string authority)
    {
        var parts = token.Split('.');
        return parts.Length == 3 && Part(parts[0]) is { } header && Part(parts[1]) is { } claims
            ? new JsonObject { ["header"] = Normal(header, "", authority), ["claims"] = Normal(claims, "", authority) }
            : null;

        static JsonNode? Part(string text)
        {
            var buffer = new byte[text.Length];
            return System.Buffers.Text.Base64Url.TryDecodeFromChars(text, buffer, out var length)
                ? TryParse(Encoding.UTF8.GetString(buffer, 0, length))
                : null;
        }
    }

    private static JsonNode? TryParse(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Mask(string text, string authority) =>
        Uuid().Replace(Token().Replace(text.Replace(authority, "{base}", StringComparison.Ordinal), "{token}"), "{uuid}");

    private static string Text(JsonNode? node) => node?.ToJsonString(Sorting) ?? "null";

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Uuid();

    [GeneratedRegex(@"eyJ[\w-]{10,}[\w.-]*", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Token();
}
