using System.CommandLine;
using KeycloakAccess.Accounts;
using KeycloakAccess.Authentication;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Commands;

/// <summary>Lets one account in while Keycloak is away, for whoever is logged in to the machine.</summary>
internal static class BreakGlassCommand
{
    // Of Admin/BreakGlassPages, which this module does not use.
    private const string Path = "/break-glass?link=";

    public static Command Create() => new("break-glass", """
        A sign-in to the staff pages while Keycloak is away. It is off unless BreakGlass:Enabled is true, here and in the service. What is
        issued is in the audit log under who is logged in to this machine, and on the home page of the staff for a month.

        Exit codes: 0 done. 1 the database or the configuration stands in the way. 2 the command line is wrong, or several accounts have
        the name. 3 the answer is no: it is off, or there is no such account that could sign in.
        """)
    {
        Issue(),
    };

    private static Verb Issue()
    {
        var account = new Option<string>("--account")
        {
            Description = "A user name, or the id of an account, Keycloak's or the one here.",
            HelpName = "account",
            Required = true,
        };
        var reason = new Option<string>("--reason")
        {
            Description = "Why; the audit log and the home page of the staff show it.",
            HelpName = "text",
            Required = true,
        };
        var url = new Option<string?>("--url")
        {
            Description = "The address of the service as browsers know it. Default: ProtectedResource:Identifier.",
            HelpName = "address",
        };
        reason.Validators.Add(result =>
        {
            if (string.IsNullOrWhiteSpace(result.GetValueOrDefault<string>()))
            {
                result.AddError("--reason is empty. Say why somebody must get in without Keycloak.");
            }
        });
        url.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text
                && !(Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "https" or "http"))
            {
                result.AddError($"--url is {text}. It must be an address, as in https://api.example.com.");
            }
        });
        const string description = "Issue a link that signs an account in once, within ten minutes, for an hour at most.";
        return new Verb("issue", description, async (services, line, cancellationToken) =>
        {
            if (!services.GetRequiredService<IOptions<BreakGlassOptions>>().Value.Enabled)
            {
                Terminal.Say(
                    "Sign-ins without Keycloak are off. Set BreakGlass:Enabled to true for the service, which takes the link, and for this "
                    + "command: in appsettings.json, or as BreakGlass__Enabled=true in the environment of both.");
                return ExitCode.No;
            }

            return await AccountsCommand.WithAccountAsync(
                services,
                line.GetRequiredValue(account),
                found => IssueAsync(services, found, line.GetRequiredValue(reason), line.GetValue(url), cancellationToken),
                cancellationToken);
        }) { account, reason, url };
    }

    private static async Task<int> IssueAsync(
        IServiceProvider services, Account account, string reason, string? url, CancellationToken cancellationToken)
    {
        var issuer = services.GetRequiredService<IOptions<KeycloakOptions>>().Value.Issuer;
        var obstacle = account.Kind != "person" ? "is a service, and signs in nowhere"
            : !account.Enabled ? "is disabled. \"accounts enable\" enables it"
            : account.Issuer != issuer ? $"is of {account.Issuer}, and this service trusts {issuer}"
            : null;
        if (obstacle is not null)
        {
            Terminal.Say($"{account.Username} {obstacle}.");
            return ExitCode.No;
        }

        var secret = await services.GetRequiredService<BreakGlassLinks>().IssueAsync(account, Host.Actor(reason), cancellationToken);
        var address = url ?? services.GetRequiredService<IOptions<ProtectedResourceOptions>>().Value.Identifier;
        Terminal.Write($"{address?.TrimEnd('/')}{Path}{secret}");
        Terminal.Say(
            $"Signs {account.Username} in once, within {BreakGlassLinks.GoodFor.TotalMinutes:0} minutes, for an hour at most. "
            + "Whoever has the link can use it: give it to that person alone."
            + (string.IsNullOrEmpty(address) ? " Put the address of the service in front of it, or name it by --url." : ""));
        return ExitCode.Done;
    }
}
