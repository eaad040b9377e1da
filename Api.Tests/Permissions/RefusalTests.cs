using System.Security.Claims;
using System.Text.RegularExpressions;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Api.Tests.Permissions;

/// <summary>The words of a refusal: a code for programs, and for people what to do about it.</summary>
public sealed partial class RefusalTests
{
    [Fact]
    public void Every_reason_has_a_code_of_its_own_which_is_its_name_in_snake_case()
    {
        foreach (var reason in Enum.GetValues<DecisionReason>())
        {
            Assert.Equal(Capital().Replace(reason.ToString(), "_$0").ToLowerInvariant(), Refusals.Code(reason));
        }
    }

    [Theory]
    [InlineData(DecisionReason.AccountDisabled, "Your account is disabled here. Ask somebody who manages accounts to enable it.")]
    [InlineData(
        DecisionReason.AccountKindRefused,
        "This is for one kind of account only: services call the API with a service account's token, people with their own.")]
    [InlineData(
        DecisionReason.PermissionDenied,
        "A group that you are in denies book:view, which wins over every group that grants it. Ask to be taken out of that group.")]
    [InlineData(
        DecisionReason.PermissionMissing,
        "None of your groups grants book:view. Ask for a role in Keycloak that is mapped to a group with it, or to be put into one here.")]
    [InlineData(
        DecisionReason.InsufficientScope,
        "Your groups allow book:view, but the token was issued for less. Ask Keycloak for a token with the scope books:read.")]
    internal void Every_refusal_names_the_remedy(DecisionReason reason, string expected) =>
        Assert.Equal(expected, Refusals.Detail(new Decision(reason, new("book", "view"), "books:read")));

    [Fact]
    public void An_endpoint_demands_what_it_and_its_groups_say()
    {
        var requirement = new PermissionRequirement(new Permission("book", "view"));

        Assert.Equal(new AccessRequirement(requirement.Permission), PermissionHandler.RequirementOf(EndpointWith(), requirement));
        Assert.Equal(new AccessRequirement(requirement.Permission), PermissionHandler.RequirementOf(endpoint: null, requirement));
        Assert.Equal(
            new AccessRequirement(requirement.Permission, RequiresScopes: true),
            PermissionHandler.RequirementOf(EndpointWith(new ScopeRule([])), requirement));
        Assert.Equal(
            new AccessRequirement(requirement.Permission, Only: AccountKind.Service),
            PermissionHandler.RequirementOf(EndpointWith(new AccountKindRule(AccountKind.Service)), requirement));

        // The endpoint's own word stands after its group's, and counts.
        string[][] alternatives = [["books:read"]];
        var combined = PermissionHandler.RequirementOf(EndpointWith(new ScopeRule([]), new ScopeRule(alternatives)), requirement);
        Assert.Same(alternatives, combined.Scopes);
        Assert.True(combined.RequiresScopes);
    }

    [Fact]
    public async Task Where_there_is_no_request_nothing_is_granted()
    {
        var requirement = new PermissionRequirement(Permission: null);
        var context = new AuthorizationHandlerContext([requirement], new(), resource: "no request");

        await new PermissionHandler(callers: null!).HandleAsync(context);

        Assert.False(context.HasSucceeded);
        // Nor is it a refusal: the scheme asks who is there.
        Assert.False(context.HasFailed);
    }

    [Fact]
    public async Task A_refusal_that_is_none_of_ours_is_left_to_the_scheme()
    {
        var schemes = new Schemes();
        var context = new DefaultHttpContext
        {
            RequestServices = new ServiceCollection().AddSingleton<IAuthenticationService>(schemes).BuildServiceProvider(),
        };
        var handler = new RefusalResultHandler(accounts: null!, stepUp: null!);
        var policy = new AuthorizationPolicyBuilder("some-scheme").RequireAuthenticatedUser().Build();

        await handler.HandleAsync(
            _ => Task.CompletedTask, context, policy, PolicyAuthorizationResult.Forbid(AuthorizationFailure.Failed(policy.Requirements)));

        Assert.Equal(["some-scheme"], schemes.Forbidden);
    }

    private static Endpoint EndpointWith(params object[] metadata) =>
        new(requestDelegate: null, new EndpointMetadataCollection(metadata), "test");

    [GeneratedRegex("(?<!^)[A-Z]", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Capital();

    private sealed class Schemes : IAuthenticationService
    {
        public List<string?> Forbidden { get; } = [];

        public Task ForbidAsync(HttpContext context, string? scheme, AuthenticationProperties? properties)
        {
            Forbidden.Add(scheme);
            return Task.CompletedTask;
        }

        public Task<AuthenticateResult> AuthenticateAsync(HttpContext context, string? scheme) => throw new NotSupportedException();

        public Task ChallengeAsync(HttpContext context, string? scheme, AuthenticationProperties? properties) =>
            throw new NotSupportedException();

        public Task SignInAsync(HttpContext context, string? scheme, ClaimsPrincipal principal, AuthenticationProperties? properties) =>
            throw new NotSupportedException();

        public Task SignOutAsync(HttpContext context, string? scheme, AuthenticationProperties? properties) =>
            throw new NotSupportedException();
    }
}
