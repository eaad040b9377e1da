namespace KeycloakRealm.Sessions;

/// <summary>OAuth 2.0 Multiple Response Type Encoding Practices. <c>Text</c> is as the client sent it: the order is free.</summary>
internal sealed record ResponseType(string Text, bool HasCode, bool HasIdToken, bool HasToken)
{
    /// <summary>Implicit or hybrid: tokens are in the authorization response itself.</summary>
    public bool HasTokens => HasIdToken || HasToken;

    public bool IsImplicit => HasTokens && !HasCode;

    public bool IsHybrid => HasTokens && HasCode;

    /// <summary>The response mode where the client names none.</summary>
    public string UsualMode => HasTokens ? "fragment" : "query";

    /// <summary>Null for a type that Keycloak does not know; <c>none</c> stands alone.</summary>
    public static ResponseType? Parse(string text)
    {
        var parts = text.Trim().Split(' ');
        var isKnown = parts is ["none"] || parts.All(part => part is "code" or "token" or "id_token");
        return isKnown ? new ResponseType(text, Has("code"), Has("id_token"), Has("token")) : null;

        bool Has(string name) => parts.Contains(name, StringComparer.Ordinal);
    }
}
