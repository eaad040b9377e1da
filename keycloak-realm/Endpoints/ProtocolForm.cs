using System.Text;

namespace KeycloakRealm.Endpoints;

/// <summary>In order and with duplicates, because a duplicate is an error in OAuth.</summary>
internal sealed class ProtocolForm
{
    private const string UrlEncoded = "application/x-www-form-urlencoded";

    private readonly List<KeyValuePair<string, string>> _parameters;

    public ProtocolForm(IEnumerable<KeyValuePair<string, string>> parameters) => _parameters = [.. parameters];

    public IEnumerable<KeyValuePair<string, string>> All => _parameters;

    public bool HasDuplicates => HasDuplicatesBut();

    /// <summary><c>names</c> may be repeated.</summary>
    public bool HasDuplicatesBut(params ReadOnlySpan<string> names)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, _) in _parameters)
        {
            if (!seen.Add(name) && !names.Contains(name))
            {
                return true;
            }
        }

        return false;
    }

    public List<string> Values(string name) =>
        [.. _parameters.Where(each => string.Equals(each.Key, name, StringComparison.Ordinal)).Select(each => each.Value)];

    /// <summary>Null if the parameter is absent, empty if it is empty.</summary>
    public string? this[string name]
    {
        get
        {
            foreach (var (key, value) in _parameters)
            {
                if (string.Equals(key, name, StringComparison.Ordinal))
                {
                    return value;
                }
            }

            return null;
        }
    }

    /// <summary>Keycloak recognises the media type in lower case only; any other has no parameters.</summary>
    public static bool IsForm(HttpRequest request) =>
        request.ContentType?.Split(';')[0].Trim() is UrlEncoded;

    public static ProtocolForm FromQuery(HttpRequest request) => Parse(request.QueryString.Value?.TrimStart('?') ?? "");

    public static async Task<ProtocolForm> ReadAsync(HttpContext context, bool multipart = false)
    {
        var request = context.Request;
        if (IsForm(request))
        {
            using var reader = new StreamReader(request.Body, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, leaveOpen: true);
            return Parse(await reader.ReadToEndAsync(context.RequestAborted));
        }

        if (multipart && request.ContentType?.StartsWith("multipart/form-data", StringComparison.Ordinal) is true)
        {
            try
            {
                var form = await request.ReadFormAsync(context.RequestAborted);
                return new ProtocolForm(form.SelectMany(each => each.Value.Select(value => KeyValuePair.Create(each.Key, value ?? ""))));
            }
            catch (Exception exception) when (exception is IOException or InvalidDataException)
            {
                // As in Keycloak, a truncated or malformed body has no parameters.
                return new ProtocolForm([]);
            }
        }

        return new ProtocolForm([]);
    }

    public static ProtocolForm Parse(string text) =>
        new(text.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair =>
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            return equals < 0
                ? KeyValuePair.Create(Decode(pair), "")
                : KeyValuePair.Create(Decode(pair[..equals]), Decode(pair[(equals + 1)..]));
        }));

    /// <summary>Spaces as plus signs.</summary>
    public static string Encode(IEnumerable<KeyValuePair<string, string>> parameters) =>
        string.Join('&', parameters.Select(each => $"{EncodePart(each.Key)}={EncodePart(each.Value)}"));

    private static string EncodePart(string text) => Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal);

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}
