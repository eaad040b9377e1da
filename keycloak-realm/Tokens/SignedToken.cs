using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KeycloakRealm.Tokens;

/// <summary>Compact form (RFC 7515, section 7.1). Nothing is verified yet.</summary>
internal sealed record SignedToken(JsonObject Header, JsonObject Payload, byte[] SignedBytes, byte[] Signature)
{
    public string? Algorithm => Header.Text("alg");

    public string? Kid => Header.Text("kid");

    /// <summary>Null unless the text is three parts of base64url, the first two of them JSON objects.</summary>
    public static SignedToken? Parse(string? text)
    {
        var parts = text?.Split('.');
        if (parts is not { Length: 3 }
            || !Base64Url.TryDecode(parts[0], out var header)
            || !Base64Url.TryDecode(parts[1], out var payload)
            || !Base64Url.TryDecode(parts[2], out var signature))
        {
            return null;
        }

        try
        {
            return JsonNode.Parse(header) is JsonObject head && JsonNode.Parse(payload) is JsonObject body
                ? new SignedToken(head, body, Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), signature)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
