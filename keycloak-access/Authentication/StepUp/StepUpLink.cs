using System.Security.Cryptography;
using System.Text.Json;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;

namespace KeycloakAccess.Authentication.StepUp;

/// <summary>What was asked of a sign-in, what came of it, and where it led: for the page that says so.</summary>
internal sealed record FailedStepUp(IReadOnlyList<string> Acr, long? MaxAge, string? ActualAcr, long? ActualAge, string Back);

/// <summary>
/// Carries what a sign-in must be like through the browser, encrypted: nobody sends somebody else to a sign-in of another kind, or writes
/// on our pages.
/// </summary>
internal sealed class StepUpLink(IDataProtectionProvider protection, TimeProvider clock)
{
    /// <summary>The parameter of the sign-in, and of the page that says why it failed.</summary>
    public const string Parameter = "stepUp";

    private readonly IDataProtector _rules = protection.CreateProtector("KeycloakAccess.Authentication.StepUp.Rule");
    private readonly IDataProtector _failures = protection.CreateProtector("KeycloakAccess.Authentication.StepUp.Failure");

    /// <summary>The address of a sign-in that Keycloak holds to the rule, and that leads back to a page of this site.</summary>
    public string SignIn(HttpContext context, StepUpRule rule, string? page) =>
        context.Request.PathBase + SignInEndpoints.SignInPath
        + QueryString.Create(Parameter, _rules.Protect(JsonSerializer.Serialize(new Asked(rule.Acr, rule.MaxAgeSeconds))))
            .Add(page is null ? QueryString.Empty : SignInEndpoints.ReturnTo(page));

    /// <summary>Keeps in the state of a sign-in what its request asks for. What cannot be read asks for nothing.</summary>
    public void Mark(AuthenticationProperties properties, HttpRequest request)
    {
        if (Unprotect<Asked>(_rules, request.Query[Parameter]) is { } asked)
        {
            properties.Items[Parameter] = JsonSerializer.Serialize(asked);
        }
    }

    /// <summary>What the sign-in of this state must be like.</summary>
    public static StepUpRule? Find(AuthenticationProperties? properties) =>
        properties?.Items.TryGetValue(Parameter, out var text) is true
        && JsonSerializer.Deserialize<Asked>(text!) is { } asked
            ? new StepUpRule(asked.Acr, asked.MaxAge is { } seconds ? TimeSpan.FromSeconds(seconds) : null)
            : null;

    /// <summary>The query of the page that says what is missing.</summary>
    public string Fail(StepUpRule rule, KeycloakIdentity identity, string back) => _failures.Protect(JsonSerializer.Serialize(
        new FailedStepUp(
            rule.Acr,
            rule.MaxAgeSeconds,
            identity.Acr,
            identity.AuthenticatedAt is { } at ? (long)(clock.GetUtcNow() - at).TotalSeconds : null,
            back)));

    public FailedStepUp? FindFailure(HttpRequest request) =>
        Unprotect<FailedStepUp>(_failures, request.Query[Parameter]) is { } failed
        && LocalPath.Parse(failed.Back, request.PathBase) is { } back
            // Pages name their addresses without the prefix.
            ? failed with { Back = back[(request.PathBase.Value?.Length ?? 0)..] }
            : null;

    private static T? Unprotect<T>(IDataProtector protector, string? text)
        where T : class
    {
        try
        {
            return string.IsNullOrEmpty(text) ? null : JsonSerializer.Deserialize<T>(protector.Unprotect(text));
        }
        catch (CryptographicException)
        {
            // Made up, or the keys have been changed since.
            return null;
        }
    }

    private sealed record Asked(IReadOnlyList<string> Acr, long? MaxAge);
}
