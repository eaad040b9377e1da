using System.Text.Json.Serialization;
using KeycloakAccess.Authentication;
using KeycloakAccess.Authentication.BoundTokens;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace KeycloakAccess.Permissions;

/// <summary>
/// The metadata of this API as a protected resource (RFC 9728, section 2). Members without a value are left out, as the section demands.
/// </summary>
internal sealed record ResourceMetadataResponse
{
    /// <summary>What the API is called: its address.</summary>
    [JsonPropertyName("resource")]
    public required string Resource { get; init; }

    /// <summary>The issuer of the tokens that it takes.</summary>
    [JsonPropertyName("authorization_servers")]
    public required IReadOnlyList<string> AuthorizationServers { get; init; }

    /// <summary>The scopes of the API that the realm has.</summary>
    [JsonPropertyName("scopes_supported")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? ScopesSupported { get; init; }

    /// <summary>How a bearer token is sent.</summary>
    [JsonPropertyName("bearer_methods_supported")]
    public required IReadOnlyList<string> BearerMethodsSupported { get; init; }

    /// <summary>The algorithms that a DPoP proof may be signed with (RFC 9449).</summary>
    [JsonPropertyName("dpop_signing_alg_values_supported")]
    public required IReadOnlyList<string> DpopSigningAlgValuesSupported { get; init; }

    /// <summary>Whether every token must be bound by DPoP.</summary>
    [JsonPropertyName("dpop_bound_access_tokens_required")]
    public required bool DpopBoundAccessTokensRequired { get; init; }

    /// <summary>Whether tokens may be bound to a client certificate (RFC 8705).</summary>
    [JsonPropertyName("tls_client_certificate_bound_access_tokens")]
    public required bool TlsClientCertificateBoundAccessTokens { get; init; }
}

internal static class ResourceMetadataEndpoint
{
    public static void MapResourceMetadata(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(ResourceMetadata.Path, Get)
            .WithTags("Metadata")
            .WithName("GetResourceMetadata")
            .WithSummary("Say who issues the tokens that this API takes, and how they are sent (RFC 9728).")
            .Produces<ResourceMetadataResponse>()
            .AllowAnonymous();
        // Where the resource has a path, it stands behind the well-known one (RFC 9728, section 3.1).
        routes.MapGet(ResourceMetadata.Path + "/{**path}", GetOfPath).AllowAnonymous().ExcludeFromDescription();
    }

    private static IResult GetOfPath(string path, HttpContext context, IOptions<ProtectedResourceOptions> resource) =>
        string.Equals($"/{path}", ResourceMetadata.SuffixOf(resource.Value), StringComparison.Ordinal)
            ? Get(context)
            : Problem.Create(StatusCodes.Status404NotFound, ProblemCode.NotFound, "No protected resource of this address is here.");

    private static Ok<ResourceMetadataResponse> Get(HttpContext context)
    {
        var services = context.RequestServices;
        var resource = services.GetRequiredService<IOptions<ProtectedResourceOptions>>().Value;
        var bound = services.GetRequiredService<IOptions<BoundTokenOptions>>().Value;
        var realm = services.GetRequiredService<RealmMetadata>();
        string[] scopes =
        [
            .. services.GetRequiredService<PermissionCatalogue>().Scopes.Where(realm.Offers).Order(StringComparer.Ordinal),
        ];
        // Until the realm has been reached, nobody knows the scopes.
        context.Response.Headers[HeaderNames.CacheControl] = realm.HasBeenReached ? "public, max-age=3600" : "no-store";
        return TypedResults.Ok(
            new ResourceMetadataResponse
            {
                Resource = ResourceMetadata.IdentifierOf(context.Request, resource),
                AuthorizationServers = [services.GetRequiredService<IOptions<KeycloakOptions>>().Value.Issuer],
                ScopesSupported = scopes.Length > 0 ? scopes : null,
                BearerMethodsSupported = ["header"],
                DpopSigningAlgValuesSupported = bound.Dpop.Accepted,
                DpopBoundAccessTokensRequired = bound is { Required: true, ClientCertificates: ClientCertificateSource.None },
                TlsClientCertificateBoundAccessTokens = bound.ClientCertificates != ClientCertificateSource.None,
            });
    }
}
