using System.Globalization;
using System.IdentityModel.Tokens.Jwt;
using System.Net;
using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace KeycloakAccess.Authentication;

/// <summary>What a realm answered to a refresh token, before anything of it is believed.</summary>
internal sealed record TokenResponse
{
    /// <summary>When it was asked for.</summary>
    public required DateTimeOffset AskedAt { get; init; }

    public string? AccessToken { get; init; }

    public string? TokenType { get; init; }

    public string? IdToken { get; init; }

    public string? RefreshToken { get; init; }

    public double? ExpiresIn { get; init; }

    public double? RefreshExpiresIn { get; init; }
}

/// <summary>Who somebody is by their newest ID token, which has been validated.</summary>
internal sealed record RefreshedTokens(
    ClaimsPrincipal User, KeycloakIdentity Identity, SessionTokens Tokens, string IdToken, string? RefreshToken);

/// <summary>The realm gives no newer tokens, and neither will it later. The message says why, in one line.</summary>
internal sealed class RefreshRefusedException : Exception
{
    public RefreshRefusedException()
    {
    }

    public RefreshRefusedException(string message)
        : base(message)
    {
    }

    public RefreshRefusedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>
/// Asks the realm for newer tokens (RFC 6749, section 6), and holds what comes to what a sign-in is held to (OpenID Connect Core 1.0,
/// section 12.2).
/// </summary>
internal sealed class TokenRefresh(
    RealmMetadata metadata,
    IHttpClientFactory clients,
    IOptions<KeycloakOptions> options,
    IOptionsMonitor<OpenIdConnectOptions> signIn,
    TimeProvider clock)
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    private static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false };

    /// <exception cref="RealmUnreachableException">Nobody knows what the realm would say.</exception>
    /// <exception cref="RefreshRefusedException">The session is over at Keycloak, or nothing that came can be used.</exception>
    public async Task<TokenResponse> AskAsync(string refreshToken, CancellationToken cancellationToken)
    {
        var configuration = await metadata.GetConfigurationAsync(cancellationToken);
        var askedAt = clock.GetUtcNow();
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, configuration.TokenEndpoint)
            {
                Content = new FormUrlEncodedContent(
                [
                    KeyValuePair.Create("grant_type", "refresh_token"),
                    KeyValuePair.Create("refresh_token", refreshToken),
                ]),
            };
            request.Headers.Authorization = SignInClient.Credentials(options.Value.SignIn);
            request.Headers.Accept.ParseAdd("application/json");
            using var http = clients.CreateClient(KeycloakSetup.Backchannel);
            using var answer = await http.SendAsync(request, cancellationToken);
            return Read(answer.StatusCode, await answer.Content.ReadAsStringAsync(cancellationToken), askedAt);
        }
        catch (HttpRequestException exception)
        {
            throw new RealmUnreachableException(exception.Message, exception);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RealmUnreachableException($"no answer within {BackchannelHandler.Timeout.TotalSeconds:0} seconds", exception);
        }
    }

    /// <exception cref="RealmUnreachableException">The key of the ID token cannot be looked up now.</exception>
    /// <exception cref="RefreshRefusedException">They are not tokens of this session, or not of this realm.</exception>
    public async Task<RefreshedTokens> ValidateAsync(TokenResponse response, Session session, CancellationToken cancellationToken)
    {
        if (!string.Equals(response.TokenType, "Bearer", StringComparison.OrdinalIgnoreCase) || response.AccessToken is null)
        {
            throw new RefreshRefusedException("Keycloak answered with a token that is no bearer token.");
        }

        if (CompactToken.Parse(response.IdToken ?? "", out var mistake) is not { } parsed)
        {
            throw new RefreshRefusedException(response.IdToken is null ? "Keycloak answered without an ID token." : mistake!);
        }

        if (TokenCauses.FindRefusalOfIdToken(parsed, new JsonWebToken(response.IdToken), options.Value) is { } refusal)
        {
            throw new RefreshRefusedException(refusal.Message, refusal);
        }

        await metadata.EnsureKeyAsync(parsed.KeyId, cancellationToken);
        var settings = signIn.Get(Schemes.SignIn);
        var result = await Handler.ValidateTokenAsync(response.IdToken, settings.TokenValidationParameters.Clone());
        if (!result.IsValid)
        {
            throw new RefreshRefusedException(Explain(result.Exception), result.Exception);
        }

        var idToken = (JsonWebToken)result.SecurityToken;
        if (SessionClaims.FindRefusal(idToken, clock.GetUtcNow()) is { } wrong)
        {
            throw new RefreshRefusedException(wrong.Message, wrong);
        }

        CheckProtocol(settings, response, idToken);
        var user = SessionClaims.Keep(result.ClaimsIdentity.Claims, idToken, response.AccessToken);
        if (KeycloakIdentity.Read(user, out var error) is not { } identity)
        {
            throw new RefreshRefusedException(error!);
        }

        if (!IsSame(identity.Subject, session.Subject) || !IsSame(identity.SessionId ?? "", session.SessionId))
        {
            throw new RefreshRefusedException("Keycloak answered with tokens of another person or of another session.");
        }

        var tokens = SessionTokens.Create(response.AskedAt, response.ExpiresIn, response.RefreshExpiresIn);
        return new RefreshedTokens(user, identity, tokens, response.IdToken!, response.RefreshToken);

        static bool IsSame(string one, string other) => string.Equals(one, other, StringComparison.Ordinal);
    }

    // azp and at_hash, as the framework's handler looks at them at a sign-in.
    private static void CheckProtocol(OpenIdConnectOptions settings, TokenResponse response, JsonWebToken idToken)
    {
        try
        {
            settings.ProtocolValidator.ValidateTokenResponse(new OpenIdConnectProtocolValidationContext
            {
                ClientId = settings.ClientId,
                ProtocolMessage = new OpenIdConnectMessage { IdToken = response.IdToken, AccessToken = response.AccessToken },
                ValidatedIdToken = JwtSecurityTokenConverter.Convert(idToken),
            });
        }
        catch (OpenIdConnectProtocolException exception)
        {
            throw new RefreshRefusedException("The ID token is not for this client, or not of that access token.", exception);
        }
    }

    // The library's own messages hold claim values.
    private static string Explain(Exception? exception) => exception switch
    {
        SecurityTokenInvalidIssuerException => "The ID token is from another issuer.",
        SecurityTokenInvalidAudienceException => "The ID token is for another client.",
        SecurityTokenExpiredException or SecurityTokenNotYetValidException =>
            $"The ID token is not valid at this time. {TokenCauses.SetClocks}",
        _ => "The signature of the ID token is none of the realm's.",
    };

    private static TokenResponse Read(HttpStatusCode status, string body, DateTimeOffset askedAt)
    {
        using var document = Parse(body);
        if (status == HttpStatusCode.OK && document is not null)
        {
            var root = document.RootElement;
            return new TokenResponse
            {
                AskedAt = askedAt,
                AccessToken = Text(root, "access_token"),
                TokenType = Text(root, "token_type"),
                IdToken = Text(root, "id_token"),
                RefreshToken = Text(root, "refresh_token"),
                ExpiresIn = Number(root, "expires_in"),
                RefreshExpiresIn = Number(root, "refresh_expires_in"),
            };
        }

        // RFC 6749, section 5.2. Everything else is no answer about this session: a proxy's page, a client that may not ask.
        var error = document is null ? null : Text(document.RootElement, "error");
        if (status == HttpStatusCode.BadRequest && error == "invalid_grant")
        {
            var description = Text(document!.RootElement, "error_description");
            throw new RefreshRefusedException(SignInFailure.Printable(
                description is { Length: > 0 } ? $"invalid_grant: {description}" : "invalid_grant"));
        }

        var answer = string.Create(CultureInfo.InvariantCulture, $"HTTP {(int)status}") + (error is null ? "" : $", {error}");
        throw new RealmUnreachableException(SignInFailure.Printable(answer))
        {
            Fault = error is "invalid_client" or "unauthorized_client"
                ? "Keycloak does not take this service's client for the sign-in. Look at its secret (Keycloak:sign-in:credentials), and in "
                    + "Keycloak whether it is enabled: Clients → Settings, Credentials."
                : null,
        };
    }

    private static JsonDocument? Parse(string body)
    {
        try
        {
            var document = JsonDocument.Parse(body, Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement root, string name)
    {
        try
        {
            return root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair, written as an escape.
            return null;
        }
    }

    private static double? Number(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number)
        && double.IsFinite(number)
            ? number
            : null;
}
