namespace KeycloakAccess.OpenApi;

/// <summary>The OpenAPI document and the page that shows it: section <c>Reference</c>.</summary>
public sealed class ReferenceOptions
{
    /// <summary>The name of the configuration section.</summary>
    public const string Section = "Reference";

    /// <summary>Whether both are served. Default: in Development only.</summary>
    public bool? Enabled { get; set; }

    /// <summary>
    /// The public client (PKCE, no secret) through which a person signs in on the page to try calls. The page's address,
    /// <c>/reference/</c>, must be one of its redirect URIs, and this site one of its web origins.
    /// </summary>
    public string Client { get; set; } = "acme-spa";
}
